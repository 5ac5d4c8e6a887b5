package needle

import "testing"

// eachProcessor runs a test with all the instructions that this machine has, and as
// lesser ones would: with none that work on 64 bytes, and with none at all.
func eachProcessor(t *testing.T, test func(t *testing.T)) {
	wide, fold := wides, folds
	defer func() { wides, folds = wide, fold }()
	t.Run("all", test)
	wides = false
	t.Run("AVX2", test)
	folds = false
	t.Run("none", test)
}

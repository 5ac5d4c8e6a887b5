//go:build !amd64

package needle

import "testing"

func eachProcessor(t *testing.T, test func(t *testing.T)) { test(t) }

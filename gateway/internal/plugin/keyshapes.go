package plugin

import (
	"slices"

	"github.com/seksbot/seks-broker/gateway/internal/needle"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
)

// KeyShapes are what the secrets of all the APIs that are served look like; nil
// where no manifest says so.
func KeyShapes(table map[string]*Plugin) *needle.KeyShapes {
	var list []needle.KeyShape
	for _, p := range table {
		for _, k := range p.Manifest.KeyShapes {
			set, err := plan.Alphabet(k.Alphabet)
			if err != nil {
				continue // none that ParseManifest lets through
			}
			shape := needle.KeyShape{Name: k.Name, Prefix: k.Prefix, Alphabet: set, Min: int(k.Min), Max: int(k.Max)}
			if !slices.Contains(list, shape) {
				list = append(list, shape)
			}
		}
	}
	slices.SortFunc(list, func(a, b needle.KeyShape) int { return len(b.Prefix) - len(a.Prefix) })
	return needle.NewKeyShapes(list)
}

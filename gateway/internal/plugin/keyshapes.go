package plugin

import (
	"slices"
	"sync"

	"github.com/seksbot/seks-broker/gateway/internal/needle"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
)

// keyShapes are those of the plugins that serve, compiled once for each table.
type keyShapes struct {
	mu     sync.RWMutex
	of     *map[string]*Plugin
	shapes *needle.KeyShapes
}

// KeyShapes are what the secrets of all the APIs that are served look like; nil
// where no manifest says so.
func (h *Host) KeyShapes() *needle.KeyShapes {
	table := h.table.Load()
	h.shapes.mu.RLock()
	shapes, known := h.shapes.shapes, h.shapes.of == table
	h.shapes.mu.RUnlock()
	if known {
		return shapes
	}
	shapes = compileShapes(*table)
	h.shapes.mu.Lock()
	h.shapes.of, h.shapes.shapes = table, shapes
	h.shapes.mu.Unlock()
	return shapes
}

func compileShapes(table map[string]*Plugin) *needle.KeyShapes {
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

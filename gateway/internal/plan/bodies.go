package plan

import (
	"fmt"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// newBodies is the catalogue of requests whose body a plugin wants to see; the
// method "" stands for any.
func newBodies(needs []abi.BodyNeed) (catalogue, error) {
	if len(needs) == 0 {
		return nil, nil
	}
	c := catalogue{}
	for _, n := range needs {
		if err := c.place(&abi.Operation{Name: "body", Method: n.Method, Path: n.Path}); err != nil {
			return nil, fmt.Errorf("body need %q %q: %w", n.Method, n.Path, err)
		}
	}
	return c, nil
}

// ShowsBody says whether the plugin's view brings the body of a request with
// that upstream path, in any of its readings.
func (m *Manifest) ShowsBody(method, path string) bool {
	if m.bodies == nil {
		return false
	}
	for _, reading := range request.Readings(path) {
		for _, root := range []*segment{m.bodies[method], m.bodies[""]} {
			if root != nil && strings.HasPrefix(reading, "/") && root.find(reading[1:]) != nil {
				return true
			}
		}
	}
	return false
}

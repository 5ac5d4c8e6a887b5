package credential

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Lengths of a secret field, in bytes. A shorter one than MinSecret would spoil
// data when it is scrubbed, and whoever can make an upstream echo text could
// guess it; below MinShort no search makes sense.
const (
	MinSecret = 16
	MinShort  = 4
	MaxField  = 8 << 10
)

// Check holds values against the fields that the provider's manifest asks for.
// All that is wrong is said at once; warnings are about what only looks odd.
func Check(m *plan.Manifest, values map[string]secret.Bytes, short bool) (fields map[string]Field, warnings []string, err error) {
	var errs []error
	fields = map[string]Field{}
	for i := range m.Fields {
		f := &m.Fields[i]
		v, ok := values[f.Name]
		if !ok {
			if !f.Optional {
				errs = append(errs, fmt.Errorf("field %s is missing: give it as a line %s=…", f.Name, f.Name))
			}
			continue
		}
		if err := checkValue(f, v, short); err != nil {
			errs = append(errs, err)
			continue
		}
		if f.Prefix != "" && !strings.HasPrefix(string(v.Reveal()), f.Prefix) {
			warnings = append(warnings, fmt.Sprintf("field %s: a value for %s usually begins with %q: check that it is the right one", f.Name, m.Name, f.Prefix))
		}
		fields[f.Name] = Field{Value: v, Public: f.Use == abi.UsePublic}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if m.Field(name) == nil {
			errs = append(errs, fmt.Errorf("field %.64q is not one of %s's: it has %s", name, m.Name, fieldNames(m)))
		}
	}
	return fields, warnings, errors.Join(errs...)
}

func checkValue(f *abi.Field, v secret.Bytes, short bool) error {
	b := v.Reveal()
	if len(b) == 0 {
		return fmt.Errorf("field %s is empty", f.Name)
	}
	if len(b) > MaxField {
		return fmt.Errorf("field %s has %d bytes; at most %d are allowed", f.Name, len(b), MaxField)
	}
	for _, c := range b {
		if c < ' ' || c == 0x7f {
			return fmt.Errorf("field %s holds a line break or control byte: copy the value again, in one line", f.Name)
		}
	}
	if b[0] == ' ' || b[len(b)-1] == ' ' {
		// A header loses them on its way, and what comes back is then another
		// text than the one that is searched for.
		return fmt.Errorf("field %s begins or ends with a space: copy the value again, without it", f.Name)
	}
	if f.Use == abi.UsePublic {
		return nil
	}
	if len(b) < MinShort {
		return fmt.Errorf("field %s has %d bytes: a secret under %d bytes can't be kept out of answers", f.Name, len(b), MinShort)
	}
	if len(b) < MinSecret && !short {
		return fmt.Errorf("field %s has %d bytes: a secret under %d can be guessed from what is scrubbed; if it is right, say --short", f.Name, len(b), MinSecret)
	}
	return nil
}

func fieldNames(m *plan.Manifest) string {
	var names []string
	for i := range m.Fields {
		names = append(names, m.Fields[i].Name)
	}
	return strings.Join(names, ", ")
}

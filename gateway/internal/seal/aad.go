package seal

import (
	"encoding/binary"
	"errors"
)

// ID says what a sealed record is. It is bound to the record as associated
// data, so that a record opens only under the id it was sealed for.
type ID struct {
	Purpose string // "token", "credential"…
	Tenant  string // also chooses the key; "" for what is the broker's own, as an admin token
	Name    string
	Version uint64
}

// errNoPurpose is what the zero ID gets.
var errNoPurpose = errors.New("seal: a record needs a purpose")

// aadDomain leads all associated data, and says which encoding follows.
const aadDomain = "seks/seal/1"

// associated encodes all four fields, strings led by their length: two ids
// that differ anywhere never encode alike.
func (id ID) associated() []byte {
	b := make([]byte, 0, len(aadDomain)+3*binary.MaxVarintLen32+len(id.Purpose)+len(id.Tenant)+len(id.Name)+8)
	b = append(b, aadDomain...)
	for _, s := range [...]string{id.Purpose, id.Tenant, id.Name} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return binary.BigEndian.AppendUint64(b, id.Version)
}

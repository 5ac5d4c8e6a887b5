package expr

import "github.com/seksbot/seks-broker/plugin-sdk/abi"

// place is where an expression stands. It says which operations may be in it,
// and what may become of its value.
type place uint8

const (
	inShape     place = iota // a manifest's signature shape
	inLine                   // the whole path or query: policy judges it, so it is made of nothing but text
	inCheck                  // a check of a plan, evaluated before a credential is opened
	inEdit                   // any other edit of the request
	inRequest                // a segment of the request body, on its way upstream
	inResponse               // a segment of the answer's body, on its way to the agent
	inBodyCheck              // a check of a body result
)

var placeNames = [...]string{
	"a signature shape", "a path or a whole query", "a check of a plan", "an edit",
	"a request body", "an answer's body", "a check of a body result",
}

func (p place) String() string { return placeNames[p] }

// allows says whether an operation may stand here. What only computes may stand
// everywhere.
func (p place) allows(op abi.Op) bool {
	switch op {
	case abi.OpAny:
		return p == inShape
	case abi.OpField:
		return p != inCheck // inLine has a sentence of its own
	case abi.OpToken:
		return p == inCheck || p == inBodyCheck
	case abi.OpDigest:
		return p >= inCheck
	case abi.OpSlice, abi.OpAbsorb, abi.OpTotal:
		return p >= inRequest
	case abi.OpLoad, abi.OpStore:
		return p >= inCheck
	case abi.OpRSA, abi.OpECDSA, abi.OpEd25519:
		return p != inLine
	}
	return true
}

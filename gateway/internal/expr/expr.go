// Package expr evaluates the expressions of a plan over credential fields, and
// decides before that, from the expression alone, where each secret would go:
// a plan that would let one out anywhere but at its sinks is refused unrun.
package expr

import (
	"fmt"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// node is one operation and the nodes that feed it. Programs are postfix, so a
// program is a tree, and its operations in order are the tree in post-order.
type node struct {
	abi.Instr
	args []*node
	taint
}

// compile builds the tree of a program. shape allows OpAny, which stands only
// in a manifest's signature shapes.
func compile(program []byte, shape bool) (*node, error) {
	if len(program) > abi.MaxProgram {
		return nil, fmt.Errorf("an expression has %d bytes; at most %d are allowed", len(program), abi.MaxProgram)
	}
	var stack []*node
	for ops := 0; len(program) > 0; ops++ {
		if ops == abi.MaxOps {
			return nil, fmt.Errorf("an expression has more than %d operations", abi.MaxOps)
		}
		in, rest, err := abi.Next(program)
		if err != nil {
			return nil, fmt.Errorf("an expression can't be read: %w", err)
		}
		program = rest
		need, err := arity(in, shape)
		if err != nil {
			return nil, err
		}
		if need > len(stack) {
			return nil, fmt.Errorf("operation 0x%02x takes %d values, and %d are there", byte(in.Op), need, len(stack))
		}
		n := &node{Instr: in, args: append([]*node(nil), stack[len(stack)-need:]...)}
		stack = append(stack[:len(stack)-need], n)
		if len(stack) > abi.MaxStack {
			return nil, fmt.Errorf("an expression holds more than %d values at once", abi.MaxStack)
		}
	}
	if len(stack) != 1 {
		return nil, fmt.Errorf("an expression leaves %d values instead of one", len(stack))
	}
	return stack[0], nil
}

func arity(in abi.Instr, shape bool) (int, error) {
	switch in.Op {
	case abi.OpLit, abi.OpField:
		return 0, nil
	case abi.OpAny:
		if shape {
			return 0, nil
		}
	case abi.OpConcat:
		if in.N >= 1 && in.N <= abi.MaxStack {
			return int(in.N), nil
		}
		return 0, fmt.Errorf("concat takes 1 to %d values, not %d", abi.MaxStack, in.N)
	case abi.OpHex, abi.OpBase64, abi.OpBase64URL, abi.OpPercent:
		return 1, nil
	case abi.OpHash:
		return 1, knownHash(in.Hash)
	case abi.OpHMAC:
		return 2, knownHash(in.Hash)
	}
	return 0, fmt.Errorf("operation 0x%02x is not one that this version runs here", byte(in.Op))
}

func knownHash(h abi.Hash) error {
	if newHash(h) == nil {
		return fmt.Errorf("hash %d is not known", h)
	}
	return nil
}

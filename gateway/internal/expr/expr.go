// Package expr evaluates the expressions of a plan over credential fields, and
// decides before that, from the expression alone, where each secret would go:
// a plan that would let one out anywhere but at its sinks is refused unrun.
//
// Vet does so for a plan; a Session, one for each exchange, evaluates what Vet
// let through, and vets and evaluates the body results that follow: what a
// register holds, and what that was made of, lives in it.
package expr

import (
	"fmt"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// node is one operation and the nodes that feed it. Programs are postfix, so a
// program is a tree, and its operations in order are the tree in post-order.
type node struct {
	abi.Instr
	args    []*node
	program []byte // the part of the program that is this node and what feeds it
	stored  *node  // of a load: how the register's value was made, where a sign field is in it
	size    int    // operations in it, those of stored values too
	alone   bool   // it is made of text and fields alone
	keep    bool   // it is a key that is worth keeping
	taint
}

// compile builds the tree of a program that stands at a place.
func compile(program []byte, at place) (*node, error) {
	if len(program) > abi.MaxProgram {
		return nil, fmt.Errorf("an expression has %d bytes; at most %d are allowed", len(program), abi.MaxProgram)
	}
	type item struct {
		*node
		start int // of its program
	}
	var stack []item
	for ops, pos := 0, 0; pos < len(program); ops++ {
		if ops == abi.MaxOps {
			return nil, fmt.Errorf("an expression has more than %d operations", abi.MaxOps)
		}
		in, rest, err := abi.Next(program[pos:])
		if err != nil {
			return nil, fmt.Errorf("an expression can't be read: %w", err)
		}
		if !at.allows(in.Op) {
			return nil, fmt.Errorf("operation %s (0x%02x) may not stand in %s", in, byte(in.Op), at)
		}
		start, need := pos, arity(in)
		pos = len(program) - len(rest)
		if need > len(stack) {
			return nil, fmt.Errorf("operation %s (0x%02x) takes %d values, and %d are there", in, byte(in.Op), need, len(stack))
		}
		n := &node{Instr: in, size: 1}
		taken := stack[len(stack)-need:]
		for i, a := range taken {
			if i == 0 {
				start = a.start
			}
			n.args = append(n.args, a.node)
		}
		n.program = program[start:pos:pos]
		stack = append(stack[:len(stack)-need], item{n, start})
		if len(stack) > abi.MaxStack {
			return nil, fmt.Errorf("an expression holds more than %d values at once", abi.MaxStack)
		}
	}
	if len(stack) != 1 {
		return nil, fmt.Errorf("an expression leaves %d values instead of one", len(stack))
	}
	return stack[0].node, nil
}

// arity is how many values an operation takes.
func arity(in abi.Instr) int {
	switch in.Op {
	case abi.OpConcat:
		return int(in.N)
	case abi.OpHex, abi.OpBase64, abi.OpBase64URL, abi.OpPercent, abi.OpHash, abi.OpStore, abi.OpAbsorb:
		return 1
	case abi.OpHMAC, abi.OpRSA, abi.OpECDSA, abi.OpEd25519:
		return 2
	}
	return 0
}

// keyed says whether an operation signs: its first value is a key.
func keyed(op abi.Op) bool {
	return op == abi.OpHMAC || op == abi.OpRSA || op == abi.OpECDSA || op == abi.OpEd25519
}

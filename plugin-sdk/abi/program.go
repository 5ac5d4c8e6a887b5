package abi

import (
	"errors"
	"strconv"
)

// MaxRegisters bounds the registers of OpLoad and OpStore: 0 to MaxRegisters-1.
const MaxRegisters = 16

// MaxRunning bounds the running digests of OpAbsorb and OpTotal: 0 to MaxRunning-1.
const MaxRunning = 4

// Instr is one operation of a program with its operand.
type Instr struct {
	Op    Op
	Bytes []byte // OpLit: the bytes; OpField: the name; a part of the program
	N     uint64 // OpConcat: how many; OpLoad, OpStore: register; OpAbsorb, OpTotal: digest; OpSlice: offset
	M     uint64 // OpSlice: length
	Hash  Hash   // OpDigest, OpHash, OpHMAC, OpAbsorb, OpTotal
}

var (
	errNoOp      = errors.New("the program ends where an operation should begin")
	errLong      = errors.New("the program has more than " + strconv.Itoa(MaxProgram) + " bytes")
	errOperand   = errors.New("the program ends inside an operand")
	errCanonical = errors.New("a number is not in its shortest form")
	errName      = errors.New("a field name has 1 to 32 bytes")
	errCount     = errors.New("concat takes 1 to " + strconv.Itoa(MaxStack) + " values")
	errRegister  = errors.New("registers are 0 to " + strconv.Itoa(MaxRegisters-1))
	errRunning   = errors.New("running digests are 0 to " + strconv.Itoa(MaxRunning-1))
	errHash      = errors.New("no such hash function")
)

// Next reads the first operation of p and returns it with the rest of p. It is
// strict: one operation has one form, so equal programs have equal bytes. Who
// walks a program counts operations (MaxOps) and keeps the stack.
func Next(p []byte) (in Instr, rest []byte, err error) {
	if len(p) == 0 {
		return in, nil, errNoOp
	}
	if len(p) > MaxProgram {
		return in, nil, errLong
	}
	in.Op, rest = Op(p[0]), p[1:]
	switch in.Op {
	case OpToken, OpAny, OpHex, OpBase64, OpBase64URL, OpPercent, OpRSA, OpECDSA, OpEd25519:
	case OpLit, OpField:
		in.Bytes, rest, err = operandBytes(rest)
		if in.Op == OpField && err == nil && (len(in.Bytes) == 0 || len(in.Bytes) > 32) {
			err = errName
		}
	case OpConcat:
		in.N, rest, err = operand(rest)
		if err == nil && (in.N == 0 || in.N > MaxStack) {
			err = errCount
		}
	case OpLoad, OpStore:
		in.N, rest, err = operand(rest)
		if err == nil && in.N >= MaxRegisters {
			err = errRegister
		}
	case OpSlice:
		if in.N, rest, err = operand(rest); err == nil {
			in.M, rest, err = operand(rest)
		}
	case OpDigest, OpHash, OpHMAC:
		in.Hash, rest, err = operandHash(rest)
	case OpAbsorb, OpTotal:
		in.N, rest, err = operand(rest)
		if err == nil && in.N >= MaxRunning {
			err = errRunning
		}
		if err == nil {
			in.Hash, rest, err = operandHash(rest)
		}
	default:
		err = errors.New("there is no operation 0x" + hexByte(p[0]))
	}
	if err != nil {
		return Instr{}, nil, err
	}
	return in, rest, nil
}

func operand(p []byte) (uint64, []byte, error) {
	r := reader{b: p}
	n := r.varint()
	if r.err == errCut {
		return 0, nil, errOperand
	}
	if r.err != nil {
		return 0, nil, r.err
	}
	if used := len(p) - len(r.b); used > 1 && p[used-1] == 0 {
		return 0, nil, errCanonical
	}
	return n, r.b, nil
}

func operandHash(p []byte) (Hash, []byte, error) {
	n, rest, err := operand(p)
	if err == nil && (n < uint64(MD5) || n > uint64(SHA512)) {
		err = errHash
	}
	return Hash(n), rest, err
}

func operandBytes(p []byte) (value, rest []byte, err error) {
	n, rest, err := operand(p)
	if err != nil {
		return nil, nil, err
	}
	if n > uint64(len(rest)) {
		return nil, nil, errOperand
	}
	return rest[:n:n], rest[n:], nil
}

func hexByte(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}

// AppendLit appends an operation that pushes s.
func AppendLit(p []byte, s string) []byte {
	return append(appendVarint(append(p, byte(OpLit)), uint64(len(s))), s...)
}

// AppendField appends an operation that pushes a credential field.
func AppendField(p []byte, name string) []byte {
	return append(appendVarint(append(p, byte(OpField)), uint64(len(name))), name...)
}

// AppendConcat appends an operation that joins the n topmost values.
func AppendConcat(p []byte, n int) []byte {
	return appendVarint(append(p, byte(OpConcat)), uint64(n))
}

// AppendOp appends an operation that has no operand.
func AppendOp(p []byte, op Op) []byte { return append(p, byte(op)) }

// AppendHash appends OpDigest, OpHash or OpHMAC.
func AppendHash(p []byte, op Op, h Hash) []byte { return append(p, byte(op), byte(h)) }

// AppendRegister appends OpLoad or OpStore.
func AppendRegister(p []byte, op Op, register int) []byte {
	return appendVarint(append(p, byte(op)), uint64(register))
}

// AppendRunning appends OpAbsorb or OpTotal.
func AppendRunning(p []byte, op Op, digest int, h Hash) []byte {
	return append(appendVarint(append(p, byte(op)), uint64(digest)), byte(h))
}

// AppendSlice appends an operation that pushes a part of a body call's input.
func AppendSlice(p []byte, offset, length uint64) []byte {
	return appendVarint(appendVarint(append(p, byte(OpSlice)), offset), length)
}

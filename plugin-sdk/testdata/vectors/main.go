// Command vectors is a guest that reads the contract's test vectors with the SDK's
// codec, so that what is true of it natively is shown of it in WebAssembly.
package main

import (
	"unsafe"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

func main() {}

var input, output []byte

//go:wasmexport vectors_buffer
func buffer(size uint32) uint32 {
	input = make([]byte, size+1) // an address, even of nothing
	return uint32(uintptr(unsafe.Pointer(&input[0])))
}

type message interface {
	Unmarshal([]byte) error
	Marshal() []byte
}

// fresh makes the messages in the order that the test has.
func fresh(kind uint32) message {
	return []message{
		new(abi.Manifest), new(abi.Parameters), new(abi.View), new(abi.Plan), new(abi.AnswerHead), new(abi.ScrubPlan), new(abi.BodyResult),
	}[kind]
}

// read gives 1 and the message in its canonical form, or 0 and why it is refused.
//
//go:wasmexport vectors_read
func read(kind, size uint32) uint64 {
	m := fresh(kind)
	if err := m.Unmarshal(input[:size]); err != nil {
		output = append([]byte{0}, err.Error()...)
	} else {
		output = append([]byte{1}, m.Marshal()...)
	}
	return uint64(uintptr(unsafe.Pointer(&output[0])))<<32 | uint64(len(output))
}

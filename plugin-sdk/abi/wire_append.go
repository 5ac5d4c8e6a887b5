package abi

func appendVarint(b []byte, n uint64) []byte {
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

// appendUint, appendBool, appendString and appendBytes leave a default value
// out, as proto3 does. Of those above 15, whose tag has two bytes, appendUint knows
// none.
func appendUint(b []byte, num byte, n uint64) []byte {
	if n == 0 {
		return b
	}
	return appendVarint(append(b, num<<3|wireVarint), n)
}

func appendBool(b []byte, num byte, v bool) []byte {
	if !v {
		return b
	}
	return append(appendVarint(b, uint64(num)<<3|wireVarint), 1)
}

func appendString(b []byte, num byte, s string) []byte {
	if s == "" {
		return b
	}
	return appendItem(b, num, s)
}

func appendBytes(b []byte, num byte, p []byte) []byte {
	if len(p) == 0 {
		return b
	}
	return appendItem(b, num, p)
}

// appendItem writes an entry even where it is empty: entries count.
func appendItem[S string | []byte](b []byte, num byte, s S) []byte {
	return append(appendVarint(appendVarint(b, uint64(num)<<3|wireBytes), uint64(len(s))), s...)
}

func appendMessages[T any, P message[T]](b []byte, num byte, list []T) []byte {
	for i := range list {
		b = appendMessage(b, num, P(&list[i]))
	}
	return b
}

// appendMessage leaves one byte for the length and makes room for a longer one
// afterwards: nearly all nested messages are under 128 bytes, and this way none
// needs its size computed first.
func appendMessage[T any, P message[T]](b []byte, num byte, m P) []byte {
	b = append(appendVarint(b, uint64(num)<<3|wireBytes), 0)
	start := len(b)
	b = m.appendTo(b)
	size := len(b) - start
	if size < 0x80 {
		b[start-1] = byte(size)
		return b
	}
	var length [10]byte
	head := appendVarint(length[:0], uint64(size))
	b = append(b, head[1:]...) // grows b; its content is moved up next
	copy(b[start-1+len(head):], b[start:start+size])
	copy(b[start-1:], head)
	return b
}

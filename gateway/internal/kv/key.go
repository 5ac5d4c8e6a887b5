package kv

import "encoding/binary"

// Key builds a key from its parts, each led by its length (uvarint). So the
// key of some parts is a prefix of the key of these and more parts, and of
// nothing else: Key("token") finds every Key("token", x), and no
// Key("tokens", x), whatever bytes the parts hold. Keys sort by the length of
// a part first.
func Key(parts ...string) []byte {
	size := 0
	for _, p := range parts {
		size += binary.MaxVarintLen32 + len(p)
	}
	key := make([]byte, 0, size)
	for _, p := range parts {
		key = binary.AppendUvarint(key, uint64(len(p)))
		key = append(key, p...)
	}
	return key
}

// Split gives back the parts that Key joined; ok is false for a key that Key
// did not make.
func Split(key []byte) (parts []string, ok bool) {
	for len(key) > 0 {
		size, n := binary.Uvarint(key)
		if n <= 0 || size > uint64(len(key)-n) {
			return nil, false
		}
		end := n + int(size)
		parts = append(parts, string(key[n:end]))
		key = key[end:]
	}
	return parts, true
}

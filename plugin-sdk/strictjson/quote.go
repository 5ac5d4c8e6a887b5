package strictjson

const hexDigits = "0123456789abcdef"

// AppendString appends text as a JSON string with its quotes. What is valid
// UTF-8 stays as it is, but for quotes, backslashes and control characters.
func AppendString(b []byte, text string) []byte {
	b = append(b, '"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

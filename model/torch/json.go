package torch

// Uncommented returns JSON without its comments: from a # outside a string to the end of the line. Some configurations
// that are shipped with checkpoints carry them.
func Uncommented(b []byte) []byte {
	out := make([]byte, 0, len(b))
	text, comment := false, false
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case comment:
			comment = c != '\n'
		case text && c == '\\' && i+1 < len(b):
			out = append(out, c)
			i++
			c = b[i]
		case c == '"':
			text = !text
		case c == '#' && !text:
			comment = true
		}
		if !comment {
			out = append(out, c)
		}
	}
	return out
}

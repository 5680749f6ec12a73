package small

import (
	"slices"
	"strings"
)

// Words that refer to what can be seen. A small language model talks of the camera whenever it is told of it, so it
// is told only when the question may need it.
var (
	lookWords = []string{
		"see", "look", "looks", "looking", "watch", "hold", "holding", "show", "showing", "camera", "picture", "image", "photo", "color", "colour",
		"read", "written", "write", "says", "say", "wear", "wearing", "hand", "front", "this", "that", "these", "here", "there", "object", "thing", "screen", "it",
	}
	lookParts = []string{"보여", "보이", "보고", "들고", "이거", "이게", "이건", "저거", "카메라", "사진", "색", "읽어", "뭐야", "무엇"}
)

// looks says whether text may be about what can be seen.
func looks(text string) bool {
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r < 'a' || r > 'z' }) {
		if slices.Contains(lookWords, w) {
			return true
		}
	}
	for _, p := range lookParts {
		if strings.Contains(text, p) {
			return true
		}
	}
	return false
}

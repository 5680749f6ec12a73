package turn

import (
	"testing"
	"unicode/utf8"
)

func TestWords(t *testing.T) {
	const open, unsure, closed = 0, 1, 2
	class := func(p float32) int {
		switch {
		case p <= 0.3:
			return open
		case p < 0.6:
			return unsure
		}
		return closed
	}
	for _, c := range []struct {
		text, language string
		want           int
	}{
		{"", "en", open},
		{"...", "en", open},
		{"Can you tell me what it is?", "en", closed},
		{"Where are you from?", "en", closed},
		{"What's that?", "en", closed},
		{"Thank you very much.", "en", closed},
		{"Tell me a joke!", "en", closed},
		{"yes", "en", closed},
		{"Yes, I do.", "en", closed},
		{"Come in.", "en", closed},
		{`He said "stop."`, "en", closed},
		{"tell me a joke", "en", unsure},
		{"I want to go to the", "en", open},
		{"I want to go to the.", "en", open},
		{"I want to go to", "en", open},
		{"My name is", "en", open},
		{"My name is...", "en", open},
		{"First,", "en", open},
		{"Well, um", "en", open},
		{"I’m", "en", open},
		{"I would like some tea and", "en", open},
		{"so", "en", open},
		{"오늘 날씨가 어때요?", "ko", closed},
		{"저는 학생입니다", "ko", closed},
		{"저는 학생입니다.", "", closed},
		{"지금 몇 시입니까", "ko", closed},
		{"밥 먹었니", "ko", closed},
		{"네", "ko", closed},
		{"이름은?", "ko", closed},
		{"내일 갈까", "ko", closed},
		{"오늘은 비가 오고", "ko", open},
		{"학교에 가서", "ko", open},
		{"시간이 있으면", "ko", open},
		{"제가 지금 가는데", "ko", open},
		{"비가 오니까", "ko", open},
		{"그리고", "ko", open},
		{"음...", "ko", open},
		{"사과를", "ko", open},
		{"사과를.", "ko", open},
		{"Wie geht es dir?", "de", closed},
		{"Ich gehe in die", "de", unsure},
		{"今日は天気がいいです。", "ja", closed},
	} {
		p := Words(c.text, c.language)
		if p < 0 || p > 1 || class(p) != c.want {
			t.Errorf("%q (%s): %v, wanted class %d", c.text, c.language, p, c.want)
		}
	}
}

func TestWordsTakesDecomposedHangul(t *testing.T) {
	composed, decomposed := "가고", "\u1100\u1161\u1100\u1169"
	if a, b := Words(composed, "ko"), Words(decomposed, "ko"); a != b || a > 0.3 {
		t.Errorf("composed %v, decomposed %v", a, b)
	}
}

func FuzzWords(f *testing.F) {
	f.Add("I want to", "en")
	f.Add("가서 ", "ko")
	f.Add("\xff\u1100", "")
	f.Fuzz(func(t *testing.T, text, language string) {
		if p := Words(text, language); p < 0 || p > 1 {
			t.Errorf("%q: %v (valid %v)", text, p, utf8.ValidString(text))
		}
	})
}

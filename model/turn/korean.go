package turn

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fillers and conjunctions begin a Korean sentence or hold its place.
var fillers = set(`음 어 그 저 저기 그게 그니까 그러니까 그리고 그런데 근데 그래서 하지만 그러면 왜냐하면 또는 혹은
	그러나 그러다가 막 이제 약간 내 제 우리 이 저희 및 또`)

// replies are whole by themselves although they look like something else.
var replies = set(`네 예 응 아니 아니오 아니요 그래 맞아 좋아 싫어 안녕 고마워 그만 잠깐 정말 진짜 몰라 왜 뭐 어디 누구 언제`)

// verbal endings and particles after which a Korean sentence goes on. Longer ones stand before the shorter ones that
// end like them, in either list, because the first match decides.
var koreanEndings = []struct {
	ending string
	score  float32
}{
	{"는데요", likely},
	{"은데요", likely},
	{"고요", likely},
	{"구요", likely},
	{"서요", likely},
	{"거든요", finished},
	{"니까요", likely},
	{"는데", cut},
	{"은데", cut},
	{"인데", cut},
	{"한데", cut},
	{"던데", cut},
	{"텐데", cut},
	{"지만", cut},
	{"니까", cut},
	{"려고", cut},
	{"려면", cut},
	{"면서", cut},
	{"거나", cut},
	{"든지", cut},
	{"도록", cut},
	{"다가", cut},
	{"느라", cut},
	{"아서", cut},
	{"어서", cut},
	{"해서", cut},
	{"에서", cut},
	{"으면", cut},
	{"다면", cut},
	{"하고", cut},
	{"다고", cut},
	{"라고", cut},
	{"자고", cut},
	{"냐고", cut},
	{"이랑", cut},
	{"한테", cut},
	{"에게", cut},
	{"부터", cut},
	{"보다", hanging},
	{"처럼", cut},
	{"까지", hanging},
	{"으로", cut},
	{"때문에", hanging},
	{"위해", cut},
	{"인가", finished},
	{"는가", finished},
	{"은가", finished},
	{"건가", finished},
	{"을까", finished},
	{"할래", finished},
	{"이야", finished},
	{"세요", certain},
	{"해요", finished},
	{"예요", finished},
	{"에요", finished},
	{"요", finished},
	{"다", finished},
	{"까", finished},
	{"니", finished},
	{"죠", finished},
	{"네", finished},
	{"지", likely},
	{"냐", finished},
	{"자", likely},
	{"라", likely},
	{"래", finished},
	{"해", likely},
	{"야", finished},
	{"줘", finished},
	{"봐", finished},
	{"어", likely},
	{"아", likely},
	{"고", cut},
	{"서", cut},
	{"면", cut},
	{"며", cut},
	{"는", hanging},
	{"은", hanging},
	{"을", hanging},
	{"를", cut},
	{"이", hanging},
	{"가", hanging},
	{"의", cut},
	{"에", hanging},
	{"와", hanging},
	{"과", hanging},
	{"도", hanging},
	{"로", hanging},
	{"게", hanging},
	{"한", hanging},
	{"할", cut},
}

// korean judges by the ending of the last word: the verb stands last and says whether the sentence ends with it.
func korean(last string, mark rune) float32 {
	last = norm.NFC.String(last)
	switch {
	case replies[last]:
		return finished
	case fillers[last]:
		return cut
	}
	if formal(last) {
		return certain
	}
	for _, e := range koreanEndings {
		if strings.HasSuffix(last, e.ending) {
			return believe(e.score, mark)
		}
	}
	return byMark(mark)
}

// believe weighs an ending against the recognizer's mark: a question mark outweighs a particle ("이름은?"), a full stop,
// which recognizers set everywhere, does not.
func believe(ending float32, mark rune) float32 {
	switch {
	case mark == '?' && ending <= hanging:
		return likely
	case mark == '?' || mark == '.' && ending >= likely:
		return max(ending, byMark(mark))
	}
	return ending
}

// formal reports -ㅂ니까 and -ㅂ니다, which end a sentence, where -니까 after any other sound means "because".
func formal(last string) bool {
	stem, ok := strings.CutSuffix(last, "니까")
	if !ok {
		stem, ok = strings.CutSuffix(last, "니다")
	}
	r, _ := utf8.DecodeLastRuneInString(stem)
	const first, finals, bieup = 0xAC00, 28, 17 // Hangul syllables: 28 finals each, ㅂ is the 17th
	return ok && r >= first && r <= 0xD7A3 && (r-first)%finals == bieup
}

package turn

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What Words answers, as the probability that the sentence could end here.
const (
	certain  = 0.95
	finished = 0.85
	likely   = 0.65
	unknown  = 0.5
	hanging  = 0.25
	cut      = 0.1
)

// Words judges by the words alone whether an utterance could be finished: the probability of that, 0.5 where they say
// nothing. text is a recognizer's hypothesis with its punctuation; language is an ISO 639-1 code, empty for unknown.
// English and Korean endings are known, other languages are judged by their punctuation.
func Words(text, language string) float32 {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0
	}
	mark := punctuation(text)
	if mark == ',' {
		return cut
	}
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' && r != '’' && !unicode.Is(unicode.M, r)
	})
	if len(words) == 0 {
		return 0
	}
	last := strings.ReplaceAll(words[len(words)-1], "’", "'")
	switch {
	case language == "ko" || hangul(last):
		return korean(last, mark)
	case language == "en" || language == "":
		return english(words, last, mark)
	}
	return byMark(mark)
}

// punctuation sums up how text ends: '?', '.', ',' for anything that says "more to come", 0 for a bare word.
func punctuation(text string) rune {
	text = strings.TrimRight(text, " \t\n\"'”’)]}」』")
	if strings.HasSuffix(text, "..") {
		return ','
	}
	r, _ := utf8.DecodeLastRuneInString(text)
	switch r {
	case '?', '？':
		return '?'
	case '.', '!', '。', '！':
		return '.'
	case ',', ';', ':', '-', '–', '—', '…', '、', '，', '~':
		return ','
	}
	return 0
}

func byMark(mark rune) float32 {
	switch mark {
	case '?':
		return certain
	case '.':
		return finished
	}
	return unknown
}

// open words (and "so", "like", "well" alone) leave an English sentence open whatever mark a recognizer sets behind them.
var open = set(`a an the and or but nor because if unless although while whether than as my your our their its whose
	every very really um uh uhm umm er erm hmm hm mm i'm we're they're you're i'd i'll we'll gonna wanna so like well`)

// needy words want an object or a verb, except at the end of a question ("Where are you from?").
var needy = set(`to of for with from at by into about onto between during without against toward towards through via
	is are was were am be been has have had do does did can could will would should shall may might must i we they he she
	let's what's where's how's who's that's there's it's some any which want need`)

// whole words answer or greet by themselves.
var whole = set(`yes yeah yep no nope okay ok sure thanks hello hi hey bye goodbye stop wait right exactly please sorry great`)

func set(words string) map[string]bool {
	m := make(map[string]bool)
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

func english(words []string, last string, mark rune) float32 {
	switch {
	case len(words) == 1 && whole[last]:
		return max(finished, byMark(mark))
	case len(words) > 1 && (last == "like" || last == "so" || last == "well"):
		return adverb(mark)
	case open[last]:
		return cut
	case needy[last] && mark != '?' && !yields(words):
		return hanging
	}
	return byMark(mark)
}

// adverb words ("well", "so", "like") end sentences often enough to believe the mark, if there is one.
func adverb(mark rune) float32 {
	if mark == 0 {
		return hanging
	}
	return likely
}

// yields tells short answers such as "Yes, I do" and "No, it is" from sentences cut after the verb.
func yields(words []string) bool {
	return len(words) <= 4 && whole[words[0]] && len(words) > 2
}

func hangul(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Hangul, r) })
}

package g2p

import "strings"

var (
	symbolNames = map[string]string{"%": "percent", "&": "and", "+": "plus", "@": "at"}
	currencies  = map[string][2]string{"$": {"dollar", "cent"}, "£": {"pound", "pence"}, "€": {"euro", "cent"}}
)

// special reads the words whose sound hangs on the sentence, and abbreviations with points.
func (l *lexicon) special(word, tag string, e emphasis, s setting) (string, bool) {
	switch {
	case tag == "ADD" && word == ".":
		return l.lookup("dot", "", demoted, s)
	case tag == "ADD" && word == "/":
		return l.lookup("slash", "", demoted, s)
	case symbolNames[word] != "":
		return l.lookup(symbolNames[word], "", asIs, s)
	case isInitials(word):
		return l.spell(word)
	case word == "I" && tag == "PRP":
		return secondary + "I", true
	case tag == "IN" && (strings.EqualFold(word, "vs") || strings.EqualFold(word, "vs.")):
		return l.lookup("versus", "", asIs, s)
	}
	low := lower(word)
	shouted := word != low && word == upper(word) && len(word) > 1
	if word != low && word != capitalize(low) && !shouted {
		return "", false
	}
	return l.functionWord(low, word, tag, shouted, e, s)
}

// isInitials says that word is letters with points, none of them long: "U.S.", "a.m", "Ph.D".
func isInitials(word string) bool {
	if !strings.Contains(strings.Trim(word, "."), ".") || !isAlpha(strings.ReplaceAll(word, ".", "")) {
		return false
	}
	for part := range strings.SplitSeq(word, ".") {
		if len([]rune(part)) > 2 {
			return false
		}
	}
	return true
}

// functionWord reads the small words. low is word without capitals; shouted, that it is all capitals.
func (l *lexicon) functionWord(low, word, tag string, shouted bool, e emphasis, s setting) (string, bool) {
	switch low {
	case "a":
		if tag == "DT" {
			return "ɐ", true
		}
		return "ˈA", true
	case "am":
		switch {
		case strings.HasPrefix(tag, "NN"):
			return l.spell(word)
		case s.next == nothingYet || word != "am" || e >= lifted:
			return l.gold.entry("am").phonemes, true
		}
		return "ɐm", true
	case "an":
		if shouted && strings.HasPrefix(tag, "NN") {
			return l.spell(word)
		}
		return "ɐn", true
	case "by":
		return "bˈI", wordClass(tag) == "ADV"
	case "to":
		return l.to(s), !shouted || tag == "TO" || tag == "IN"
	case "in":
		if s.next == nothingYet || tag != "IN" {
			return primary + "ɪn", !shouted || tag != "NNP"
		}
		return "ɪn", true
	case "the":
		if s.next == vowel {
			return "ði", !shouted || tag == "DT"
		}
		return "ðə", !shouted || tag == "DT"
	case "used":
		if (tag == "VBD" || tag == "JJ") && s.to {
			return l.gold.entry("used").byTag["VBD"], true
		}
		return l.gold.entry("used").phonemes, true
	}
	return "", false
}

func (l *lexicon) to(s setting) string {
	switch s.next {
	case consonant:
		return "tə"
	case vowel:
		return "tʊ"
	}
	return l.gold.entry("to").phonemes
}

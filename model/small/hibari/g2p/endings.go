package g2p

import (
	"regexp"
	"strings"
)

// flapping are the sounds after which an American t before a vowel becomes a tap.
const flapping = "AIOWYiuæɑəɛɪɹʊʌ"

// withS reads a plural, a third person or a possessive by its stem.
func (l *lexicon) withS(word, tag string, e emphasis, s setting) (string, bool) {
	if len(word) < 3 || !strings.HasSuffix(word, "s") {
		return "", false
	}
	long := len(word) > 4
	var stem string
	switch {
	case !strings.HasSuffix(word, "ss") && l.known(word[:len(word)-1]):
		stem = word[:len(word)-1]
	case (strings.HasSuffix(word, "'s") || long && strings.HasSuffix(word, "es") && !strings.HasSuffix(word, "ies")) &&
		l.known(word[:len(word)-2]):
		stem = word[:len(word)-2]
	case long && strings.HasSuffix(word, "ies") && l.known(word[:len(word)-3]+"y"):
		stem = word[:len(word)-3] + "y"
	default:
		return "", false
	}
	phonemes, ok := l.lookup(stem, tag, e, s)
	return addS(phonemes), ok
}

func addS(phonemes string) string {
	switch {
	case phonemes == "":
		return ""
	case endsIn(phonemes, "ptkfθ"):
		return phonemes + "s"
	case endsIn(phonemes, "szʃʒʧʤ"):
		return phonemes + "ᵻz"
	}
	return phonemes + "z"
}

// withEd reads a past tense by its stem.
func (l *lexicon) withEd(word, tag string, e emphasis, s setting) (string, bool) {
	if len(word) < 4 || !strings.HasSuffix(word, "d") {
		return "", false
	}
	var stem string
	switch {
	case !strings.HasSuffix(word, "dd") && l.known(word[:len(word)-1]):
		stem = word[:len(word)-1]
	case len(word) > 4 && strings.HasSuffix(word, "ed") && !strings.HasSuffix(word, "eed") && l.known(word[:len(word)-2]):
		stem = word[:len(word)-2]
	default:
		return "", false
	}
	phonemes, ok := l.lookup(stem, tag, e, s)
	return addEd(phonemes), ok
}

func addEd(phonemes string) string {
	switch {
	case phonemes == "":
		return ""
	case endsIn(phonemes, "pkfθʃsʧ"):
		return phonemes + "t"
	case endsIn(phonemes, "d"):
		return phonemes + "ᵻd"
	case !endsIn(phonemes, "t"):
		return phonemes + "d"
	case phonemes == "t":
		return "tɪd"
	case tapped(phonemes):
		return phonemes[:len(phonemes)-1] + "ɾᵻd"
	}
	return phonemes + "ᵻd"
}

// doubled is a stem that doubled its last letter before -ing.
var doubled = regexp.MustCompile(`(?:bb|cc|dd|gg|kk|ll|mm|nn|pp|rr|ss|tt|vv|xx|zz|ck)ing$`)

// withIng reads a present participle by its stem.
func (l *lexicon) withIng(word, tag string, e emphasis, s setting) (string, bool) {
	bare, ok := strings.CutSuffix(word, "ing")
	if len(word) < 5 || !ok {
		return "", false
	}
	switch {
	case len(word) > 5 && l.known(bare):
	case l.known(bare + "e"):
		bare += "e"
	case len(word) > 5 && doubled.MatchString(word) && l.known(bare[:len(bare)-1]):
		bare = bare[:len(bare)-1]
	default:
		return "", false
	}
	phonemes, ok := l.lookup(bare, tag, e, s)
	return addIng(phonemes), ok
}

func addIng(phonemes string) string {
	switch {
	case phonemes == "":
		return ""
	case tapped(phonemes):
		return phonemes[:len(phonemes)-1] + "ɾɪŋ"
	}
	return phonemes + "ɪŋ"
}

// tapped says that phonemes end in a t that a vowel would turn into a tap.
func tapped(phonemes string) bool {
	return strings.HasSuffix(phonemes, "t") && strings.ContainsRune(flapping, runeBefore(phonemes, len(phonemes)-1)) &&
		len(phonemes) > 1
}

func endsIn(phonemes, set string) bool {
	return strings.ContainsRune(set, runeBefore(phonemes, len(phonemes)))
}

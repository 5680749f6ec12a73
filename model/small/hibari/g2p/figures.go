package g2p

import "strings"

// numberEndings are what may hang on a number, tried in this order.
var numberEndings = []string{"ing", "'d", "ed", "'s", "st", "nd", "rd", "th", "s"}

// isNumber says that word is figures: digits, commas and points, an ending, a minus sign at the head of a word.
func isNumber(word string, head bool) bool {
	for _, ending := range numberEndings {
		if bare, ok := strings.CutSuffix(word, ending); ok {
			word = bare
			break
		}
	}
	if head {
		word = strings.TrimPrefix(word, "-")
	}
	return strings.ContainsAny(word, "0123456789") && strings.Trim(word, "0123456789,.") == ""
}

// amount reads figures. Where something is joined to their left (head is false) they are more likely a code than a
// quantity, and are read in small groups.
func (l *lexicon) amount(word, currency string, head bool) (string, bool) {
	digits := strings.TrimRight(word, "abcdefghijklmnopqrstuvwxyz'")
	ending := word[len(digits):]
	digits, minus := strings.CutPrefix(digits, "-")
	rank := ending == "st" || ending == "nd" || ending == "rd" || ending == "th"
	money, priced := currencies[currency]
	plain := strings.ReplaceAll(digits, ",", "")
	if strings.Trim(plain, ".") == "" || !allDigits(strings.ReplaceAll(plain, ".", "")) {
		return "", false
	}
	var words string
	switch {
	case allDigits(digits) && rank:
		words = ordinal(digits)
	case !minus && len(digits) == 4 && !priced && allDigits(digits):
		words = year(digits)
	case !head && !strings.Contains(digits, "."):
		words = codeWords(plain)
	case !head || strings.Count(digits, ".") > 1:
		words = versionWords(plain)
	case priced && centsFit(plain):
		words = priceWords(plain, money)
	case strings.Contains(digits, "."):
		words = decimal(plain)
	case rank:
		words = ordinal(plain)
	default:
		words = cardinal(plain)
	}
	if minus {
		words = "minus " + words
	}
	return l.withNumberEnding(l.numberPhonemes(words), ending)
}

// numberPhonemes looks up the words of a number; nobody says its "and".
func (l *lexicon) numberPhonemes(words string) string {
	var out []string
	for _, w := range strings.FieldsFunc(words, func(r rune) bool { return r == ' ' || r == '-' }) {
		var phonemes string
		switch w {
		case "and":
			continue
		case "AND":
			phonemes, _ = l.lookup("and", "", asIs, setting{next: consonant})
		case "point", "O":
			phonemes, _ = l.lookup(w, "", silent, setting{next: consonant})
		default:
			phonemes = l.countWord(w)
		}
		if phonemes != "" {
			out = append(out, phonemes)
		}
	}
	return strings.Join(out, " ")
}

// countWord reads a number word or a unit of money.
func (l *lexicon) countWord(w string) string {
	after := setting{next: consonant} // numbers are read without regard to what follows
	if bare, ok := strings.CutPrefix(w, "+"); ok {
		phonemes, _ := l.withS(bare, "", asIs, after)
		return phonemes
	}
	phonemes, _ := l.lookup(w, "", asIs, after)
	return phonemes
}

func (l *lexicon) withNumberEnding(phonemes, ending string) (string, bool) {
	switch ending {
	case "s", "'s":
		phonemes = addS(phonemes)
	case "ed", "'d":
		phonemes = addEd(phonemes)
	case "ing":
		phonemes = addIng(phonemes)
	}
	return phonemes, phonemes != ""
}

// codeWords reads digits joined to a word: "A380" is "A three eighty", "B52" "B fifty-two".
func codeWords(digits string) string {
	switch {
	case digits[0] == '0' || len(digits) > 3:
		return spellDigits(digits)
	case len(digits) == 3 && digits[1] == '0' && digits[2] != '0':
		return cardinal(digits[:1]) + " O " + cardinal(digits[2:])
	case len(digits) == 3 && digits[1:] != "00":
		return cardinal(digits[:1]) + " " + cardinal(digits[1:])
	}
	return cardinal(digits)
}

// versionWords reads figures with points between them, group by group: "192.168.0.1". The points are not said.
func versionWords(figures string) string {
	var words []string
	for group := range strings.SplitSeq(figures, ".") {
		switch {
		case group == "":
		case group[0] == '0', len(group) != 2 && strings.Trim(group[1:], "0") != "":
			words = append(words, spellDigits(group))
		default:
			words = append(words, cardinal(group))
		}
	}
	return strings.Join(words, " ")
}

// centsFit says that what stands after the point can be cents.
func centsFit(figures string) bool {
	_, part, _ := strings.Cut(figures, ".")
	return len(part) < 3
}

// priceWords reads an amount of money. A plus sign marks words that take an s, capitals an "and" that is said.
func priceWords(figures string, money [2]string) string {
	whole, part, _ := strings.Cut(figures, ".")
	sums := []string{strings.TrimLeft(whole, "0"), strings.TrimLeft(part, "0")}
	var words []string
	for i, sum := range sums {
		if sum == "" && (i == 1 || sums[1] != "") {
			continue
		}
		unit := money[i]
		if sum != "1" && unit != "pence" {
			unit = "+" + unit + "s"
		}
		words = append(words, cardinal(sum)+" "+unit)
	}
	return strings.Join(words, " AND ")
}

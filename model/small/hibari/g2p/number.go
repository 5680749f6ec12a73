package g2p

import "strings"

var (
	small = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen " +
		"fifteen sixteen seventeen eighteen nineteen")
	tens   = strings.Fields("- - twenty thirty forty fifty sixty seventy eighty ninety")
	scales = strings.Fields("- thousand million billion trillion quadrillion quintillion sextillion septillion " +
		"octillion nonillion decillion")
	ordinals = map[string]string{
		"one": "first", "two": "second", "three": "third", "five": "fifth",
		"eight": "eighth", "nine": "ninth", "twelve": "twelfth",
	}
)

// cardinal spells a run of digits: "1234" is "one thousand two hundred and thirty-four". A number too long to have a
// name is read digit by digit.
func cardinal(digits string) string {
	digits = strings.TrimLeft(digits, "0")
	if digits == "" {
		return small[0]
	}
	if len(digits) > 3*len(scales) {
		return spellDigits(digits)
	}
	var words []string
	for digits != "" {
		group := len(digits) - (len(digits)-1)/3*3 // 1 to 3 digits
		scale := (len(digits) - 1) / 3
		if n := atoi(digits[:group]); n > 0 {
			words = append(words, belowThousand(n))
			if scale > 0 {
				words = append(words, scales[scale])
			}
		}
		digits = digits[group:]
	}
	return strings.Join(words, " ")
}

// belowThousand spells 1 to 999.
func belowThousand(n int) string {
	var words []string
	if n >= 100 {
		words = append(words, small[n/100], "hundred")
		if n %= 100; n > 0 {
			words = append(words, "and")
		}
	}
	switch {
	case n >= 20 && n%10 > 0:
		words = append(words, tens[n/10]+"-"+small[n%10])
	case n >= 20:
		words = append(words, tens[n/10])
	case n > 0:
		words = append(words, small[n])
	}
	return strings.Join(words, " ")
}

// ordinal spells a run of digits as a rank: "23" is "twenty-third".
func ordinal(digits string) string {
	c := cardinal(digits)
	cut := strings.LastIndexAny(c, " -") + 1
	last := c[cut:]
	switch {
	case ordinals[last] != "":
		last = ordinals[last]
	case strings.HasSuffix(last, "y"):
		last = last[:len(last)-1] + "ieth"
	default:
		last += "th"
	}
	return c[:cut] + last
}

// year spells four digits as a year: "1905" is "nineteen oh five", "2010" "twenty ten", "2005" "two thousand five".
func year(digits string) string {
	high, low := atoi(digits[:2]), atoi(digits[2:])
	switch {
	case high == 0, high%10 == 0 && low < 10:
		return cardinal(digits)
	case low == 0:
		return cardinal(digits[:2]) + " hundred"
	case low < 10:
		return cardinal(digits[:2]) + " oh " + small[low]
	}
	return cardinal(digits[:2]) + " " + cardinal(digits[2:])
}

// decimal spells digits with one point in them; zeros at the end are not said after a whole part.
func decimal(s string) string {
	whole, part, _ := strings.Cut(s, ".")
	if whole == "" {
		return "point " + spellDigits(part)
	}
	if part = strings.TrimRight(part, "0"); part == "" {
		return cardinal(whole)
	}
	return cardinal(whole) + " point " + spellDigits(part)
}

func spellDigits(digits string) string {
	words := make([]string, len(digits))
	for i := range len(digits) {
		words[i] = small[digits[i]-'0']
	}
	return strings.Join(words, " ")
}

// atoi reads a short run of digits that a rule has already checked.
func atoi(digits string) int {
	n := 0
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}

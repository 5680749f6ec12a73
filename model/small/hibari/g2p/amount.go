package g2p

import (
	"strconv"
	"strings"
)

var magnitudes = []string{"hundred", "thousand", "million", "billion", "trillion"}

// magnitude takes " billion", "k" or the like and returns the word, empty where there is none.
func magnitude(c *cursor) string {
	k := *c
	k.literal(" ")
	if word, ok := k.among(magnitudes, func(*cursor) bool { return true }); ok {
		*c = k
		return word
	}
	letter, ok := k.oneOf("kKmMbB")
	if !ok || !k.edge() {
		return ""
	}
	*c = k
	return map[byte]string{'k': "thousand", 'm': "million", 'b': "billion"}[letter|0x20]
}

// bigMoney reads "$3.2 billion": the currency is said last.
func (n *normalizer) bigMoney(s string, at int) (int, string) {
	c := cursor{s, at}
	sign, ok := c.among([]string{"$", "£", "€"}, func(*cursor) bool { return true })
	if !ok {
		return 0, ""
	}
	sum, ok := c.number()
	if !ok {
		return 0, ""
	}
	big := magnitude(&c)
	forms := n.Currency[sign]
	if big == "" || forms == nil {
		return 0, ""
	}
	return c.i - at, sum + " " + big + " " + forms[1]
}

// cents reads "5¢".
func (n *normalizer) cents(s string, at int) (int, string) {
	if !isDigit(s[at]) || !startsNumber(s, at) {
		return 0, ""
	}
	c := cursor{s, at}
	sum, _ := c.number()
	c.literal(" ")
	forms := n.Currency["¢"]
	if !c.literal("¢") || forms == nil {
		return 0, ""
	}
	return c.i - at, sum + " " + plural(sum, forms[0], forms[1])
}

// currency reads the currencies the dictionary has no rule for: "¥500", "Rs. 20 million".
func (n *normalizer) currency(s string, at int) (int, string) {
	if !startsWord(s, at) {
		return 0, ""
	}
	c := cursor{s, at}
	sign, ok := c.among([]string{"¥", "₹", "₩", "Rs", "USD", "EUR", "GBP"}, func(*cursor) bool { return true })
	if !ok {
		return 0, ""
	}
	if sign == "Rs" {
		c.literal(".")
	}
	c.literal(" ")
	sum, ok := c.number()
	forms := n.Currency[sign]
	if !ok || forms == nil {
		return 0, ""
	}
	if big := magnitude(&c); big != "" {
		return c.i - at, sum + " " + big + " " + forms[1]
	}
	return c.i - at, sum + " " + plural(sum, forms[0], forms[1])
}

// degrees reads "20°C", "-5 °F" and "90°".
func (n *normalizer) degrees(s string, at int) (int, string) {
	c, sum := quantity(s, at)
	if sum == "" {
		return 0, ""
	}
	c.literal(" ")
	if !c.literal("°") {
		return 0, ""
	}
	words := sum + " " + plural(sum, "degree", "degrees")
	for _, space := range []string{" ", ""} {
		k := c
		if space != "" && !k.literal(space) {
			continue
		}
		scaled := k
		if scale, ok := scaled.oneOf("CF"); ok && scaled.edge() {
			return scaled.i - at, words + map[byte]string{'C': " Celsius", 'F': " Fahrenheit"}[scale]
		}
		if k.edge() {
			return k.i - at, words
		}
	}
	return 0, ""
}

// unit reads "5km" and "3 hrs".
func (n *normalizer) unit(s string, at int) (int, string) {
	c, sum := quantity(s, at)
	if sum == "" {
		return 0, ""
	}
	c.literal(" ")
	unit, ok := c.among(n.order.units, (*cursor).edge)
	if !ok {
		return 0, ""
	}
	forms := n.Units[unit]
	return c.i - at, sum + " " + plural(sum, forms[0], forms[1])
}

// quantity takes a number with its sign; the empty string means that there is none.
func quantity(s string, at int) (cursor, string) {
	c := cursor{s, at}
	if !isDigit(s[at]) && s[at] != '-' || !startsNumber(s, at) {
		return c, ""
	}
	sum, _ := c.signed()
	return c, sum
}

// fraction reads "3/4"; what cannot be a fraction is a date or read out.
func (n *normalizer) fraction(s string, at int) (int, string) {
	if !isDigit(s[at]) || !startsNumber(s, at) || runeBefore(s, at) == '/' {
		return 0, ""
	}
	c := cursor{s, at}
	upper, _ := c.digits(1, 2)
	if !c.literal("/") {
		return 0, ""
	}
	under, ok := c.digits(1, 2)
	if !ok || goesOn(&c) || c.next() == '/' {
		return 0, ""
	}
	a, b := atoi(upper), atoi(under)
	switch {
	case 0 < a && a < b && b <= 10:
		return c.i - at, fractionWords(a, b)
	case 1 <= a && a <= 12 && 1 <= b && b <= 31:
		return n.date(s[at:c.i], "", a, b)
	}
	return c.i - at, itoa(a) + " slash " + itoa(b)
}

func fractionWords(a, b int) string {
	if b == 2 {
		return "one half"
	}
	part := ordinal(itoa(b))
	if b == 4 {
		part = "quarter"
	}
	return itoa(a) + " " + plural(itoa(a), part, part+"s")
}

// span reads "2-3" as "2 to 3"; with blanks around the dash and a result in the sentence it is a subtraction.
func span(s string, at int) (int, string) {
	if !isDigit(s[at]) || !startsNumber(s, at) || runeBefore(s, at) == '-' {
		return 0, ""
	}
	c := cursor{s, at}
	from, _ := c.digits(1, 4)
	free := c.literal(" ")
	if !c.literal("-") && !c.literal("–") {
		return 0, ""
	}
	free = c.literal(" ") && free
	to, ok := c.digits(1, 4)
	if !ok || goesOn(&c) || c.next() == '%' {
		return 0, ""
	}
	if free && strings.Contains(s, "=") {
		return c.i - at, from + " minus " + to
	}
	return c.i - at, from + " to " + to
}

// operation reads "2*3", "2 * 3" and "6 / 2".
func operation(s string, at int) (int, string) {
	c := cursor{s, at}
	blank := c.literal(" ")
	if !isDigitRune(runeBefore(s, at)) {
		return 0, ""
	}
	words := " times "
	if blank && c.literal("/ ") {
		words = " divided by "
	} else if c.literal("*") {
		c.literal(" ")
	} else {
		return 0, ""
	}
	if !isDigitRune(c.next()) {
		return 0, ""
	}
	return c.i - at, words
}

func isDigitRune(r rune) bool { return '0' <= r && r <= '9' }

// phone reads "555-1234" and "212-555-1234" digit by digit.
func phone(s string, at int) (int, string) {
	if !isDigit(s[at]) || !startsNumber(s, at) || runeBefore(s, at) == '-' {
		return 0, ""
	}
	for _, groups := range [][]int{{3, 3, 4}, {3, 4}} {
		c := cursor{s, at}
		ok := true
		for i, n := range groups {
			ok = ok && (i == 0 || c.literal("-"))
			if ok {
				_, ok = c.digits(n, n)
			}
		}
		if ok && !goesOn(&c) {
			return c.i - at, spaced(s[at:c.i])
		}
	}
	return 0, ""
}

// spaced sets digits apart, and groups by commas.
func spaced(number string) string {
	var b strings.Builder
	for i := range len(number) {
		switch {
		case number[i] == '-':
			b.WriteByte(',')
			continue
		case i > 0:
			b.WriteByte(' ')
		}
		b.WriteByte(number[i])
	}
	return b.String()
}

// goesOn says that what stands under c is more of the same number. A point that ends the sentence is not. (To the
// reference every point is, so that it reads "Call 555-1234." as five hundred and so on.)
func goesOn(c *cursor) bool {
	r := c.next()
	if r == '.' {
		r = runeAt(c.s, c.i+1)
		return isWord(r) || r == '.'
	}
	return isWord(r) || r == '-'
}

// plural picks the form that goes with a number as it is written.
func plural(number, one, many string) string {
	switch strings.ReplaceAll(number, ",", "") {
	case "1", "1.0", "-1", "01":
		return one
	}
	return many
}

func itoa(n int) string { return strconv.Itoa(n) }

package g2p

import "strings"

// clock reads times of day: "9:30am", "17:05", "1:02:03".
func clock(s string, at int) (int, string) {
	if !isDigit(s[at]) || !startsWord(s, at) {
		return 0, ""
	}
	c := cursor{s, at}
	hour, _ := c.digits(1, 2)
	if !c.literal(":") {
		return 0, ""
	}
	minute, ok := c.digits(2, 2)
	if !ok {
		return 0, ""
	}
	for _, read := range [][2]bool{{true, true}, {true, false}, {false, true}, {false, false}} {
		k := c
		second, half := "", ""
		if read[0] {
			second = seconds(&k)
		}
		if read[1] {
			half = halfDay(&k)
		}
		if k.i < len(s) && isDigit(s[k.i]) {
			continue
		}
		if atoi(hour) > 24 || minute > "59" || second > "59" {
			return k.i - at, s[at:k.i]
		}
		return k.i - at, timeWords(hour, minute, second, half == "") + halfWords(half, s, k.i)
	}
	return 0, ""
}

func seconds(c *cursor) string {
	k := *c
	if k.literal(":") {
		if d, ok := k.digits(2, 2); ok {
			*c = k
			return d
		}
	}
	return ""
}

// halfDay takes "am", " p.m." and the like and returns "A" or "P".
func halfDay(c *cursor) string {
	k := *c
	k.literal(" ")
	half, ok := k.oneOf("AaPp")
	if !ok {
		return ""
	}
	k.literal(".")
	if _, ok := k.oneOf("Mm"); !ok {
		return ""
	}
	if dot := k; dot.literal(".") && !isASCIILetter(dot.next()) {
		k = dot
	}
	if isASCIILetter(k.next()) {
		return ""
	}
	*c = k
	return strings.ToUpper(string(half))
}

// halfWords writes the letters with points, which makes the dictionary spell them.
func halfWords(half, s string, end int) string {
	if half == "" {
		return ""
	}
	if runeAt(s, end) == '.' {
		return " " + half + ".M"
	}
	return " " + half + ".M."
}

func timeWords(hour, minute, second string, whole bool) string {
	words := cardinal(hour)
	switch {
	case minute == "00" && second == "" && whole:
		words += " o'clock"
	case minute == "00":
	case minute[0] == '0':
		words += " oh " + cardinal(minute)
	default:
		words += " " + cardinal(minute)
	}
	if second != "" {
		words += " and " + cardinal(second) + plural(second, " second", " seconds")
	}
	return words
}

func isASCIILetter(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' && r < 128 }

// isoDate reads "2019-10-12".
func (n *normalizer) isoDate(s string, at int) (int, string) {
	if !isDigit(s[at]) || !startsWord(s, at) {
		return 0, ""
	}
	c := cursor{s, at}
	y, ok1 := c.digits(4, 4)
	dash1 := c.literal("-")
	m, ok2 := c.digits(2, 2)
	dash2 := c.literal("-")
	d, ok3 := c.digits(2, 2)
	if !ok1 || !ok2 || !ok3 || !dash1 || !dash2 || !c.edge() {
		return 0, ""
	}
	return n.date(s[at:c.i], y, atoi(m), atoi(d))
}

// slashDate reads "10/12/2019": the month first, as in the United States, unless it can only be the day.
func (n *normalizer) slashDate(s string, at int) (int, string) {
	if !isDigit(s[at]) || !startsWord(s, at) {
		return 0, ""
	}
	c := cursor{s, at}
	a, ok1 := c.digits(1, 2)
	slash1 := c.literal("/")
	b, ok2 := c.digits(1, 2)
	slash2 := c.literal("/")
	y, ok3 := c.digits(4, 4)
	if !ok3 {
		y, ok3 = c.digits(2, 2)
	}
	if !ok1 || !ok2 || !ok3 || !slash1 || !slash2 || !c.edge() {
		return 0, ""
	}
	switch {
	case len(y) == 2 && y > "30":
		y = "19" + y
	case len(y) == 2:
		y = "20" + y
	}
	m, d := atoi(a), atoi(b)
	if m > 12 {
		m, d = d, m
	}
	return n.date(s[at:c.i], y, m, d)
}

// date writes a date out; one that is not in the calendar stays as it is.
func (n *normalizer) date(written, year string, month, day int) (int, string) {
	if month < 1 || month > 12 || day < 1 || day > 31 {
		return len(written), written
	}
	words := n.calendar[month-1] + " " + ordinal(itoa(day))
	if year != "" {
		words += ", " + year
	}
	return len(written), words
}

// monthDay reads "Jan. 5th, 2020".
func (n *normalizer) monthDay(s string, at int) (int, string) {
	if s[at] < 'A' || s[at] > 'Z' || !startsWord(s, at) {
		return 0, ""
	}
	c := cursor{s, at}
	var day, year string
	month, ok := c.among(n.order.months, func(c *cursor) bool {
		c.literal(".")
		ok := c.literal(" ")
		if day, year = dayOfMonth(c); !ok || day == "" {
			return false
		}
		return true
	})
	if !ok {
		return 0, ""
	}
	if d := atoi(day); d < 1 || d > 31 {
		return c.i - at, s[at:c.i]
	}
	return c.i - at, n.month(month) + " " + ordinal(day) + year
}

// dayOfMonth takes "5", "5th" or "5, 2020"; the year comes back as it is written, with what stands before it.
func dayOfMonth(c *cursor) (day, year string) {
	day, ok := c.digits(1, 2)
	if !ok {
		return "", ""
	}
	for _, suffix := range []string{"st", "nd", "rd", "th"} {
		if c.literal(suffix) {
			break
		}
	}
	if r := c.next(); isWord(r) || r == ':' || r == '%' {
		return "", ""
	}
	k := *c
	k.literal(",")
	if k.literal(" ") {
		if _, ok := k.digits(4, 4); ok && k.edge() {
			year = c.s[c.i:k.i]
			*c = k
		}
	}
	return day, year
}

// dayMonth reads "5 May" and "the 5 of May".
func (n *normalizer) dayMonth(s string, at int) (int, string) {
	if !isDigit(s[at]) && s[at] != 't' || !startsWord(s, at) {
		return 0, ""
	}
	c := cursor{s, at}
	c.literal("the ")
	day, ok := c.digits(1, 2)
	if !ok || !c.literal(" ") {
		return 0, ""
	}
	c.literal("of ")
	month, ok := c.among(n.order.months, (*cursor).edge)
	if !ok {
		return 0, ""
	}
	if c.i+1 < len(s) { // at the end the point is the sentence's, which the reference drops
		c.literal(".")
	}
	if d := atoi(day); d < 1 || d > 31 {
		return c.i - at, s[at:c.i]
	}
	return c.i - at, "the " + ordinal(day) + " of " + n.month(month)
}

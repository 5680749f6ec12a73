package camera

import (
	"slices"
	"unicode"
)

// The recognizer was trained on Chinese and often leaves out the spaces between words; the picture of the line has them.
const (
	gapLeast  = 6    // pixels of a line lineHeight high that a space takes at least
	gapRatio  = 1.9  // and how many times the usual gap between letters
	inkPart   = 0.35 // a column with less ink than this part of a strong one is empty
	lineInset = 6    // rows left out at the top and the bottom: the neighbours' ink
)

// A letter is one the recognizer saw, around column x of the line.
type letter struct {
	text string
	x    int
}

// spaced joins the letters and puts spaces where the line [3, lineHeight, stride], w wide, has gaps between words.
// Scripts that know no spaces between words stay as they are.
func spaced(letters []letter, line []float32, w, stride int) string {
	gaps := wordGaps(inkOf(line, w, stride))
	var text []byte
	for i, l := range letters {
		if i > 0 && l.text != " " && letters[i-1].text != " " && latin(l.text) && latin(letters[i-1].text) {
			if slices.ContainsFunc(gaps, func(x int) bool { return x > letters[i-1].x && x <= l.x }) {
				text = append(text, ' ')
			}
		}
		text = append(text, l.text...)
	}
	return string(text)
}

func latin(s string) bool {
	for _, r := range s {
		if r >= 0x2E80 { // Chinese and its like, full-width forms
			return false
		}
	}
	return true
}

// inkOf is how far the pixels of each column are from the line's ground, which is the value most of its pixels have.
func inkOf(line []float32, w, stride int) []float32 {
	light := make([]float32, 0, w*(lineHeight-2*lineInset))
	for y := lineInset; y < lineHeight-lineInset; y++ {
		for x := range w {
			at := y*stride + x
			light = append(light, line[at]+line[lineHeight*stride+at]+line[2*lineHeight*stride+at])
		}
	}
	sorted := slices.Clone(light)
	slices.Sort(sorted)
	ground := sorted[len(sorted)/2]
	ink := make([]float32, w)
	for i, v := range light {
		d := v - ground
		ink[i%w] = max(ink[i%w], d, -d)
	}
	return ink
}

// wordGaps returns the middles of the empty runs that are wider than those between letters.
func wordGaps(ink []float32) []int {
	if len(ink) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(ink))
	level := inkPart * sorted[len(sorted)*9/10]
	type run struct{ from, to int }
	var runs []run
	for x := 0; x < len(ink); x++ {
		from := x
		for x < len(ink) && ink[x] < level {
			x++
		}
		if x > from && from > 0 && x < len(ink) {
			runs = append(runs, run{from, x})
		}
	}
	if len(runs) == 0 {
		return nil
	}
	widths := make([]int, len(runs))
	for i, r := range runs {
		widths[i] = r.to - r.from
	}
	slices.Sort(widths)
	usual := widths[len(widths)/2]
	if usual >= 2*gapLeast { // hardly any letters apart: the words' gaps are the usual ones
		usual = 0
	}
	var gaps []int
	for _, r := range runs {
		if n := r.to - r.from; n >= gapLeast && float64(n) >= gapRatio*float64(usual) {
			gaps = append(gaps, (r.from+r.to)/2)
		}
	}
	return gaps
}

// plain makes full-width signs plain, which the recognizer mixes into Latin lines, and control characters spaces.
func plain(r rune) rune {
	switch {
	case r > 0xFF00 && r < 0xFF5F:
		return r - 0xFEE0
	case unicode.IsControl(r):
		return ' '
	}
	return r
}

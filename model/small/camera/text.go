package camera

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"

	"omnilive/model"
)

// sureText is the mean letter probability from which a text is believed, sureLetter that for a text of one letter.
const (
	sureText   = 0.75
	sureLetter = 0.97
)

// A piece is a text that was read and where.
type piece struct {
	box
	text string
}

// texts reads the picture's largest texts and returns them line by line, from the top.
func (d *Describer) texts(ctx context.Context, p model.Picture) ([]string, error) {
	boxes, err := d.detector.find(p)
	if err != nil {
		return nil, err
	}
	var pieces []piece
	for _, b := range boxes[:min(len(boxes), textsToRead)] {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		text, score, err := d.reader.read(p, b)
		if err != nil {
			return nil, err
		}
		if believable(text, score) {
			pieces = append(pieces, piece{b, text})
		}
	}
	return lines(pieces), nil
}

// believable keeps out specks and patterns that were taken for letters.
func believable(text string, score float64) bool {
	letters := 0
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			letters++
		}
	}
	return letters > 1 && score >= sureText || letters == 1 && score >= sureLetter
}

// lines joins pieces that stand beside each other and orders the rows from the top, each from the left.
func lines(pieces []piece) []string {
	slices.SortFunc(pieces, func(a, b piece) int { return cmp.Compare(a.y, b.y) })
	var rows [][]piece
	for _, p := range pieces {
		if n := len(rows); n > 0 {
			if first := rows[n-1][0]; p.y-first.y < min(p.high, first.high) {
				rows[n-1] = append(rows[n-1], p)
				continue
			}
		}
		rows = append(rows, []piece{p})
	}
	out := make([]string, 0, len(rows))
	for _, row := range rows {
		slices.SortFunc(row, func(a, b piece) int { return cmp.Compare(a.x, b.x) })
		words := make([]string, len(row))
		for i, p := range row {
			words[i] = p.text
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}

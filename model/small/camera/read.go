package camera

import (
	"fmt"
	"math"
	"strings"

	"omnilive/model"
	"omnilive/model/onnx"
)

// Sizes of the text recognizer (PP-OCRv4 rec: SVTR-LCNet with a CTC head).
const (
	lineHeight = 48
	lineUnit   = 32   // line widths are multiples of it
	lineMin    = 96   // narrower lines are padded: the network was never shown any
	lineMax    = 1600 // wider lines are squeezed
)

// A reader reads one line of text.
type reader struct {
	session *onnx.Session
	letters []string // by class; the first is the blank
}

func newReader(path string, threads int) (*reader, error) {
	s, err := onnx.NewSession(path, onnx.Options{Threads: threads, Inputs: []string{"x"}})
	if err != nil {
		return nil, fmt.Errorf("text recognizer: %w", err)
	}
	list, ok, err := s.Metadata("character")
	if err == nil && !ok {
		err = fmt.Errorf("%s names no characters in its metadata", path)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("text recognizer: %w", err)
	}
	letters := append([]string{""}, strings.Split(list, "\n")...)
	return &reader{session: s, letters: append(letters, " ")}, nil
}

// read returns the text in the box and the mean probability of its letters.
func (r *reader) read(p model.Picture, b box) (string, float64, error) {
	w := int(math.Ceil(lineHeight * b.long / b.high))
	w = min(max(w, 1), lineMax)
	stride := max((w+lineUnit-1)/lineUnit*lineUnit, lineMin)
	x := make([]float32, 3*lineHeight*stride)
	if b.sin == 0 {
		level := rect{b.x - b.long, b.y - b.high, b.x + b.long, b.y + b.high}
		resize(p, level.within(p), w, lineHeight, stride, textNorm, x)
	} else {
		cut(p, b, w, stride, x)
	}
	out, err := r.session.Run(onnx.Of(x, 1, 3, lineHeight, stride))
	if err != nil {
		return "", 0, fmt.Errorf("text recognizer: %w", err)
	}
	scores, err := onnx.Values[float32](out[0])
	if err != nil {
		return "", 0, fmt.Errorf("text recognizer: %w", err)
	}
	if n := out[0].Shape(); len(n) != 3 || n[2] != len(r.letters) {
		return "", 0, fmt.Errorf("text recognizer: scores of shape %v for %d letters", n, len(r.letters))
	}
	found, score := decode(scores, r.letters, stride)
	text := spaced(found, x, w, stride)
	return strings.TrimSpace(strings.Map(plain, text)), score, nil
}

func (r rect) within(p model.Picture) rect {
	w, h := float64(p.Width), float64(p.Height)
	return rect{min(max(r.left, 0), w-1), min(max(r.top, 0), h-1), max(min(r.right, w), 1), max(min(r.bottom, h), 1)}
}

// cut writes a slanting box level, w by lineHeight, to out [3, lineHeight, stride], by linear interpolation.
func cut(p model.Picture, b box, w, stride int, out []float32) {
	at := func(x, y, c int) float32 {
		x, y = min(max(x, 0), p.Width-1), min(max(y, 0), p.Height-1)
		return float32(p.RGB[3*(y*p.Width+x)+c])
	}
	for y := range lineHeight {
		v := (2*(float64(y)+0.5)/lineHeight - 1) * b.high
		for x := range w {
			u := (2*(float64(x)+0.5)/float64(w) - 1) * b.long
			px, py := b.x+u*b.cos-v*b.sin-0.5, b.y+u*b.sin+v*b.cos-0.5
			fx, fy := math.Floor(px), math.Floor(py)
			ix, iy, dx, dy := int(fx), int(fy), float32(px-fx), float32(py-fy)
			for c := range 3 {
				top := at(ix, iy, c)*(1-dx) + at(ix+1, iy, c)*dx
				low := at(ix, iy+1, c)*(1-dx) + at(ix+1, iy+1, c)*dx
				plane := 2 - c
				out[(plane*lineHeight+y)*stride+x] = (top*(1-dy)+low*dy)*textNorm.scale[plane] + textNorm.shift[plane]
			}
		}
	}
}

// decode takes the best letter of each step, drops repeats and blanks (greedy CTC, Graves et al. 2006), and returns the
// letters, with their places in a line of the given width, and their mean probability.
func decode(scores []float32, letters []string, width int) ([]letter, float64) {
	var found []letter
	sum, last := 0.0, 0
	steps := len(scores) / len(letters)
	for t := range steps {
		step := scores[t*len(letters):][:len(letters)]
		best := 0
		for i, s := range step {
			if s > step[best] {
				best = i
			}
		}
		if best != 0 && best != last {
			found = append(found, letter{letters[best], (2*t + 1) * width / (2 * steps)})
			sum += float64(step[best])
		}
		last = best
	}
	return found, sum / float64(max(len(found), 1))
}

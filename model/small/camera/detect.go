package camera

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"omnilive/model"
	"omnilive/model/onnx"
)

// Settings of the text detector (Differentiable Binarization, Liao et al. 2020, arXiv:1911.08947; PP-OCRv4's weights).
const (
	detectSide  = 640  // the longer side a picture is brought to
	detectUnit  = 32   // both sides are multiples of it
	inkLevel    = 0.3  // a pixel belongs to text from here on
	boxLevel    = 0.6  // a box is believed from this mean on
	unclip      = 1.6  // how far a box grows: area·unclip/perimeter
	minInk      = 12   // pixels a text has at least
	minHeight   = 3    // and its height before growing
	maxBoxes    = 64   // boxes kept of one picture
	upright     = 0.05 // radians under which a line counts as level
	textsToRead = 8    // boxes that are read, the largest first
)

// A box is a line of text in a picture: centre, direction of writing and half its length and height, in pixels.
type box struct {
	x, y       float64
	cos, sin   float64
	long, high float64
	score      float64 // mean ink inside
}

// A detector finds lines of text.
type detector struct{ session *onnx.Session }

var textNorm = newNorm([3]float32{0.5, 0.5, 0.5}, [3]float32{0.5, 0.5, 0.5}, true)

func newDetector(path string, threads int) (*detector, error) {
	s, err := onnx.NewSession(path, onnx.Options{Threads: threads, Inputs: []string{"x"}})
	if err != nil {
		return nil, fmt.Errorf("text detector: %w", err)
	}
	return &detector{s}, nil
}

// find returns the boxes of p's text, the largest first.
func (d *detector) find(p model.Picture) ([]box, error) {
	w, h := detectSize(p.Width, p.Height)
	x := make([]float32, 3*w*h)
	resize(p, rect{0, 0, float64(p.Width), float64(p.Height)}, w, h, w, textNorm, x)
	out, err := d.session.Run(onnx.Of(x, 1, 3, h, w))
	if err != nil {
		return nil, fmt.Errorf("text detector: %w", err)
	}
	ink, err := onnx.Values[float32](out[0])
	if err != nil {
		return nil, fmt.Errorf("text detector: %w", err)
	}
	if len(ink) != w*h {
		return nil, fmt.Errorf("text detector: %d values for %dx%d pixels", len(ink), w, h)
	}
	boxes := boxesOf(ink, w, h)
	for i := range boxes {
		boxes[i].stretch(float64(p.Width)/float64(w), float64(p.Height)/float64(h))
	}
	slices.SortFunc(boxes, func(a, b box) int { return cmp.Compare(b.long*b.high, a.long*a.high) })
	return boxes[:min(len(boxes), maxBoxes)], nil
}

// detectSize is the size the detector sees a picture at: no more than detectSide, never enlarged past it, and narrow
// pictures at least one unit wide.
func detectSize(w, h int) (int, int) {
	scale := min(1, detectSide/float64(max(w, h)))
	round := func(n int) int {
		return max(1, int(math.Round(float64(n)*scale/detectUnit))) * detectUnit
	}
	return round(w), round(h)
}

// boxesOf draws a box around each patch of ink [h, w].
func boxesOf(ink []float32, w, h int) []box {
	var boxes []box
	seen := make([]bool, w*h)
	var patch []int
	for i := range ink {
		if ink[i] < inkLevel || seen[i] {
			continue
		}
		patch = flood(ink, seen, w, h, i, patch[:0])
		if len(patch) < minInk {
			continue
		}
		b := surround(patch, w)
		b.score = mean(ink, w, h, b)
		if b.score < boxLevel || 2*b.high < minHeight {
			continue
		}
		grow := 4 * b.long * b.high * unclip / (4 * (b.long + b.high))
		b.long, b.high = b.long+grow, b.high+grow
		boxes = append(boxes, b)
	}
	return boxes
}

// flood gathers the pixels of ink that touch i, corners included.
func flood(ink []float32, seen []bool, w, h, i int, patch []int) []int {
	seen[i] = true
	patch = append(patch, i)
	for k := 0; k < len(patch); k++ {
		x, y := patch[k]%w, patch[k]/w
		for ny := max(y-1, 0); ny <= min(y+1, h-1); ny++ {
			for nx := max(x-1, 0); nx <= min(x+1, w-1); nx++ {
				if j := ny*w + nx; !seen[j] && ink[j] >= inkLevel {
					seen[j] = true
					patch = append(patch, j)
				}
			}
		}
	}
	return patch
}

// surround fits a box around the patch, along its main axis where it has one: nearly level and nearly square patches
// get a level box.
func surround(patch []int, w int) box {
	var mx, my float64
	for _, i := range patch {
		mx, my = mx+float64(i%w), my+float64(i/w)
	}
	n := float64(len(patch))
	mx, my = mx/n, my/n
	var xx, xy, yy float64
	for _, i := range patch {
		dx, dy := float64(i%w)-mx, float64(i/w)-my
		xx, xy, yy = xx+dx*dx, xy+dx*dy, yy+dy*dy
	}
	angle := math.Atan2(2*xy, xx-yy) / 2
	spread := math.Hypot(xx-yy, 2*xy) / (xx + yy) // 0: round, 1: a line
	if math.Abs(angle) < upright || spread < 0.6 || math.Abs(angle) > math.Pi/4 {
		angle = 0
	}
	b := box{cos: math.Cos(angle), sin: math.Sin(angle)}
	left, right, top, bottom := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, i := range patch {
		dx, dy := float64(i%w)-mx, float64(i/w)-my
		u, v := dx*b.cos+dy*b.sin, dy*b.cos-dx*b.sin
		left, right = min(left, u), max(right, u)
		top, bottom = min(top, v), max(bottom, v)
	}
	b.long, b.high = (right-left+1)/2, (bottom-top+1)/2
	u, v := (left+right)/2, (top+bottom)/2
	b.x, b.y = mx+u*b.cos-v*b.sin+0.5, my+u*b.sin+v*b.cos+0.5
	return b
}

// mean is the mean ink inside the box.
func mean(ink []float32, w, h int, b box) float64 {
	reachX := b.long*math.Abs(b.cos) + b.high*math.Abs(b.sin)
	reachY := b.long*math.Abs(b.sin) + b.high*math.Abs(b.cos)
	sum, n := 0.0, 0
	for y := max(int(b.y-reachY), 0); y <= min(int(b.y+reachY), h-1); y++ {
		for x := max(int(b.x-reachX), 0); x <= min(int(b.x+reachX), w-1); x++ {
			dx, dy := float64(x)+0.5-b.x, float64(y)+0.5-b.y
			if math.Abs(dx*b.cos+dy*b.sin) <= b.long && math.Abs(dy*b.cos-dx*b.sin) <= b.high {
				sum += float64(ink[y*w+x])
				n++
			}
		}
	}
	return sum / float64(max(n, 1))
}

// stretch brings a box from the detector's pixels to the picture's.
func (b *box) stretch(sx, sy float64) {
	ux, uy := b.cos*sx, b.sin*sy
	long := math.Hypot(ux, uy)
	b.x, b.y = b.x*sx, b.y*sy
	b.high *= math.Hypot(b.sin*sx, b.cos*sy)
	b.long *= long
	b.cos, b.sin = ux/long, uy/long
}

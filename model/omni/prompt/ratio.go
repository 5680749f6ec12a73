package prompt

import (
	"fmt"
	"math"
)

// A Ratio is one of the shapes of pictures that the vocabulary has a token for.
type Ratio struct {
	Width, Height int
	ID            int32
}

// String is the ratio as its token writes it, "4:3".
func (r Ratio) String() string { return fmt.Sprintf("%d:%d", r.Width, r.Height) }

// Ratio is the shape nearest to that of a picture of width × height, the first of those that are equally near; a picture
// without a size counts as square.
func (v *Vocabulary) Ratio(width, height int) Ratio {
	shape := 1.0
	if width > 0 && height > 0 {
		shape = float64(width) / float64(height)
	}
	best, off := Ratio{}, math.Inf(1)
	for _, r := range v.Ratios {
		if d := math.Abs(float64(r.Width)/float64(r.Height) - shape); d < off {
			best, off = r, d
		}
	}
	return best
}

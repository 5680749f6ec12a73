package imagetokenizer

import (
	"errors"
	"fmt"
	"math"

	"omnilive/model"
)

// attention is the factor of the scores.
func (s sizes) attention() float32 { return float32(1 / math.Sqrt(float64(s.hidden/s.heads))) }

// cut returns the patches of a square picture, row by row; each is its red plane, its green and its blue one. Pixels that
// fill no patch at the right and at the bottom are left out, as a convolution without padding does.
func (t *Tokenizer) cut(p model.Picture) ([]float32, error) {
	if p.Width != t.side || p.Height != t.side || len(p.RGB) != 3*t.side*t.side {
		return nil, fmt.Errorf("a picture of %dx%d, want a square of %d", p.Width, p.Height, t.side)
	}
	table, err := t.levels()
	if err != nil {
		return nil, err
	}
	size := t.patch
	out := make([]float32, 0, colours*size*size*t.grid*t.grid)
	for row := range t.grid {
		for column := range t.grid {
			for c := range colours {
				for y := range size {
					at := (row*size+y)*t.side + column*size
					for x := range size {
						out = append(out, table[c][p.RGB[3*(at+x)+c]])
					}
				}
			}
		}
	}
	return out, nil
}

// levels is what the network reads for each level of each colour.
func (t *Tokenizer) levels() (table [colours][256]float32, err error) {
	for c := range colours {
		shift, scale := t.tower.shift[c], t.tower.scale[c]
		if scale == 0 {
			return table, errors.New("scale_layer.scale is 0")
		}
		for v := range table[c] {
			table[c][v] = (float32(v)/255 - shift) / scale
		}
	}
	return table, nil
}

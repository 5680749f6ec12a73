package imagedecoder

import (
	"fmt"

	"omnilive/model/checkpoint"
)

// A Condition is what the units say, for every position of a picture's grid.
type Condition struct {
	Mean       []float32 // of all units: [width]
	Grid       []float32 // [rows·columns, width]
	Rows, Cols int
}

// embed looks the units up: [tokens, width].
func (d *Decoder) embed(tokens []int32) ([]float32, error) {
	e := d.config.Embedder
	if int64(len(tokens)) < e.Tokens {
		return nil, fmt.Errorf("a picture of %d image units, want %d: the model's answer ended too early", len(tokens), e.Tokens)
	}
	tokens = tokens[:e.Tokens]
	for i, t := range tokens {
		if t < 0 || int64(t) >= e.Vocabulary {
			return nil, fmt.Errorf("image unit %d is %d, want 0 to %d", i, t, e.Vocabulary-1)
		}
	}
	table, ok := d.source.Lookup(vectors)
	if !ok {
		return nil, fmt.Errorf("no tensor %q", vectors)
	}
	rows := make([]float32, e.Tokens*e.Width)
	for i, t := range tokens {
		if err := checkpoint.ReadRows(d.source, table, int64(t)*e.Width, rows[int64(i)*e.Width:][:e.Width]); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// Condition returns what the transformers are told of tokens (units 0 to vocab_size-1; those behind token_length are
// ignored) for a picture of so many pixels.
func (d *Decoder) Condition(tokens []int32, width, height int) (Condition, error) {
	if err := d.checkSize(width, height); err != nil {
		return Condition{}, err
	}
	units, err := d.embed(tokens)
	if err != nil {
		return Condition{}, err
	}
	e, step := d.config.Embedder, d.cell()
	c := Condition{Mean: mean(units, int(e.Width)), Rows: height / step, Cols: width / step}
	c.Grid = stretch(units, int(e.side()), int(e.Width), c.Rows, c.Cols)
	return c, nil
}

// mean is that of rows of so many values.
func mean(rows []float32, width int) []float32 {
	sums := make([]float64, width)
	for i, v := range rows {
		sums[i%width] += float64(v)
	}
	out, n := make([]float32, width), float64(len(rows)/width)
	for i, s := range sums {
		out[i] = float32(s / n)
	}
	return out
}

// stretch resizes a grid of side·side vectors to rows·columns: bilinear between the centres of the cells, as torch's
// interpolate with align_corners=False.
func stretch(grid []float32, side, width, rows, cols int) []float32 {
	out := make([]float32, rows*cols*width)
	for y := range rows {
		y0, y1, fy := between(y, side, rows)
		for x := range cols {
			x0, x1, fx := between(x, side, cols)
			a, b := grid[(y0*side+x0)*width:], grid[(y0*side+x1)*width:]
			c, e := grid[(y1*side+x0)*width:], grid[(y1*side+x1)*width:]
			to := out[(y*cols+x)*width:][:width]
			for i := range to {
				to[i] = (1-fy)*((1-fx)*a[i]+fx*b[i]) + fy*((1-fx)*c[i]+fx*e[i])
			}
		}
	}
	return out
}

// between returns the two cells of n that cell i of m lies between, and how far it is from the first.
func between(i, n, m int) (low, high int, part float32) {
	at := max(float32(n)/float32(m)*(float32(i)+0.5)-0.5, 0)
	low = min(int(at), n-1)
	return low, min(low+1, n-1), min(at-float32(low), 1)
}

// Positions returns the position of each cell of a grid as the transformer counts it: 0, row, column.
func Positions(rows, cols int) []float32 {
	out := make([]float32, 0, 3*rows*cols)
	for y := range rows {
		for x := range cols {
			out = append(out, 0, float32(y), float32(x))
		}
	}
	return out
}

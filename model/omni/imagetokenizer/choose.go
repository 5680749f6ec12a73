package imagetokenizer

import (
	"errors"
	"math"
	"math/rand/v2"
)

const maxBest = 64

// A chooser chooses the units of a picture while the rows of the codebook pass by, first to last.
type chooser struct {
	Units
	o           Options
	kept        int       // of Best for each token
	most        []float32 // the largest cosine of each token so far
	temperature float64
	weights     []float64 // of a draw: the sum for each token so far
	random      *rand.Rand
}

func newChooser(o Options, temperature float64, tokens, codes int) *chooser {
	c := &chooser{o: o, temperature: temperature, kept: min(o.Best, codes), random: rand.New(rand.NewPCG(o.Seed, 0))}
	c.Index, c.most = make([]int32, tokens), make([]float32, tokens)
	c.Best, c.Cosine = make([]int32, tokens*c.kept), make([]float32, tokens*c.kept)
	for _, s := range [][]float32{c.most, c.Cosine} {
		for i := range s {
			s[i] = float32(math.Inf(-1))
		}
	}
	if o.Draw {
		c.weights = make([]float64, tokens)
	}
	return c
}

// pass takes the cosines of all tokens with some rows of the codebook, row by row. Of rows equally alike the first is chosen.
func (c *chooser) pass(first int, cosines []float32) {
	for ; len(cosines) > 0; cosines = cosines[len(c.most):] {
		row := cosines[:len(c.most)]
		for i, v := range row {
			if v > c.most[i] {
				c.most[i] = v
				if !c.o.Draw {
					c.Index[i] = int32(first)
				}
			}
		}
		if c.kept > 0 {
			c.rank(int32(first), row)
		}
		if c.o.Draw {
			c.draw(int32(first), row)
		}
		first++
	}
}

// rank keeps the most alike rows of each token in falling order.
func (c *chooser) rank(index int32, row []float32) {
	for i, v := range row {
		best, cosine := c.Best[i*c.kept:(i+1)*c.kept], c.Cosine[i*c.kept:(i+1)*c.kept]
		j := c.kept - 1
		if !(v > cosine[j]) {
			continue
		}
		for ; j > 0 && cosine[j-1] < v; j-- {
			best[j], cosine[j] = best[j-1], cosine[j-1]
		}
		best[j], cosine[j] = index, v
	}
}

// draw takes a row in the place of what was drawn before with its share of all weights so far: in the end each has been
// drawn with probability softmax(cosine/temperature) (Chao 1982). A cosine is at most 1, which keeps the weights in range.
func (c *chooser) draw(index int32, row []float32) {
	for i, v := range row {
		w := math.Exp((float64(v) - 1) / c.temperature)
		c.weights[i] += w
		if c.random.Float64()*c.weights[i] < w {
			c.Index[i] = index
		}
	}
}

// chosen returns the units when all rows have passed.
func (c *chooser) chosen() (Units, error) {
	for _, v := range c.most {
		if math.IsInf(float64(v), -1) {
			return Units{}, errors.New("no likeness is a number: the weights are damaged")
		}
	}
	return c.Units, nil
}

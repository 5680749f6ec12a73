package imagetokenizer

import (
	"errors"
	"math"
	"math/rand/v2"
)

const maxBest = 64

// A chooser chooses the units of a picture one by one.
type chooser struct {
	Units
	o           Options
	temperature float64
	random      *rand.Rand
}

func newChooser(o Options, temperature float64, tokens int64) *chooser {
	c := &chooser{o: o, temperature: temperature, random: rand.New(rand.NewPCG(o.Seed, 0))}
	c.Index = make([]int32, 0, tokens)
	return c
}

// row chooses by the cosines of one token with all rows of the codebook. Of rows equally alike it takes the first.
func (c *chooser) row(cosines []float32) error {
	best := 0
	for i, v := range cosines {
		if v > cosines[best] {
			best = i
		}
	}
	if v := cosines[best]; v-v != 0 {
		return errors.New("no likeness is a number: the weights are damaged")
	}
	if c.o.Best > 0 {
		c.rank(cosines)
	}
	if c.o.Draw {
		best = c.draw(cosines, cosines[best])
	}
	c.Index = append(c.Index, int32(best))
	return nil
}

// rank adds the most alike rows in falling order.
func (c *chooser) rank(cosines []float32) {
	n := min(c.o.Best, len(cosines))
	at := len(c.Best)
	for i, v := range cosines {
		kept := c.Cosine[at:]
		if len(kept) == n && v <= kept[n-1] {
			continue
		}
		if len(kept) < n {
			c.Best, c.Cosine = append(c.Best, 0), append(c.Cosine, 0)
		}
		j := len(c.Cosine) - 1
		for ; j > at && c.Cosine[j-1] < v; j-- {
			c.Best[j], c.Cosine[j] = c.Best[j-1], c.Cosine[j-1]
		}
		c.Best[j], c.Cosine[j] = int32(i), v
	}
}

// draw takes row i with probability softmax(cosine/temperature).
func (c *chooser) draw(cosines []float32, most float32) int {
	weight := func(v float32) float64 { return math.Exp(float64(v-most) / c.temperature) }
	var sum float64
	for _, v := range cosines {
		sum += weight(v)
	}
	left := c.random.Float64() * sum
	last := 0
	for i, v := range cosines {
		w := weight(v)
		if w == 0 {
			continue
		}
		if last = i; left < w {
			break
		}
		left -= w
	}
	return last
}

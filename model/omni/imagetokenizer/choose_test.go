package imagetokenizer

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestRank(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 12; n++ {
		cosines := make([]float32, n)
		for i := range cosines {
			cosines[i] = float32(r.IntN(5)) // with many equals
		}
		order := make([]int32, n)
		for i := range order {
			order[i] = int32(i)
		}
		slices.SortStableFunc(order, func(a, b int32) int { return int(cosines[b] - cosines[a]) })
		for best := 1; best < 14; best++ {
			c := newChooser(Options{Best: best}, 1, 2, n)
			for i, v := range cosines {
				c.pass(i, []float32{v, v})
			}
			if _, err := c.chosen(); err != nil {
				t.Fatal(err)
			}
			want := order[:min(best, n)]
			if got := c.Best; !slices.Equal(got, slices.Concat(want, want)) {
				t.Fatalf("best %d of %v: %v, want %v twice", best, cosines, got, want)
			}
			if c.Index[1] != order[0] {
				t.Fatalf("chose %d of %v", c.Index[1], cosines)
			}
		}
	}
}

// The draw follows softmax(cos / temperature).
func TestDraw(t *testing.T) {
	cosines := []float32{0.1, 0.05, -0.9, 0.08}
	const n, temperature = 20000, 0.03
	c := newChooser(Options{Draw: true, Seed: 7}, temperature, n, len(cosines))
	counts := make([]float64, len(cosines))
	for i, v := range cosines {
		row := make([]float32, n)
		for j := range row {
			row[j] = v
		}
		c.pass(i, row)
	}
	for _, i := range c.Index {
		counts[i]++
	}
	var sum float64
	for _, v := range cosines {
		sum += math.Exp(float64(v) / temperature)
	}
	for i, v := range cosines {
		p := math.Exp(float64(v)/temperature) / sum
		if d := math.Abs(counts[i]/n - p); d > 5*math.Sqrt(p*(1-p)/n)+1e-9 {
			t.Errorf("row %d was drawn with frequency %v, want %v", i, counts[i]/n, p)
		}
	}
}

func TestNoLikeness(t *testing.T) {
	nan := float32(math.NaN())
	c := newChooser(Options{}, 1, 1, 2)
	c.pass(0, []float32{nan, nan})
	if _, err := c.chosen(); err == nil {
		t.Error("chose among no numbers")
	}
}

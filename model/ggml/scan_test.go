package ggml

import (
	"context"
	"fmt"
	"math"
	"testing"
)

// scanned is a scan with its numbers, and what plain loops make of them.
type scanned struct {
	heads, size, states, taps, chunk, chunks int
	rows, before, memory                     []float32
	kernel, bias, step, rate, direct         []float32
}

func newScanned(heads, size, states, taps, chunk, chunks int) *scanned {
	channels := heads*size + 2*states
	s := &scanned{
		heads: heads, size: size, states: states, taps: taps, chunk: chunk, chunks: chunks,
		rows: noise((channels + heads) * chunk * chunks), before: noise(channels * (taps - 1)), memory: noise(states * heads * size),
		kernel: noise(channels * taps), bias: noise(channels), step: noise(heads), rate: noise(heads), direct: noise(heads),
	}
	for i, v := range s.rate {
		s.rate[i] = -float32(math.Exp(float64(v))) / 4
	}
	s.step[0] = 25 // beyond where softplus bends
	return s
}

// plainly returns the readings and the memory, row by row as the paper has it.
func (s *scanned) plainly() (out, memory []float64) {
	inner := s.heads * s.size
	channels := inner + 2*s.states
	raw := func(t, c int) float64 {
		if t < 0 {
			return float64(s.before[(t+s.taps-1)*channels+c])
		}
		return float64(s.rows[t*(channels+s.heads)+c])
	}
	memory = make([]float64, len(s.memory))
	for i, v := range s.memory {
		memory[i] = float64(v)
	}
	v := make([]float64, channels)
	for t := range s.chunk * s.chunks {
		for c := range v {
			v[c] = float64(s.bias[c])
			for k := range s.taps {
				v[c] += float64(s.kernel[k*channels+c]) * raw(t-s.taps+1+k, c)
			}
			v[c] /= 1 + math.Exp(-v[c])
		}
		for d := range inner {
			h := d / s.size
			step := math.Log1p(math.Exp(raw(t, channels+h) + float64(s.step[h])))
			sum := float64(s.direct[h]) * v[d]
			for n := range s.states {
				m := &memory[d*s.states+n]
				*m = *m*math.Exp(step*float64(s.rate[h])) + step*v[d]*v[inner+n]
				sum += *m * v[inner+s.states+n]
			}
			if t%s.chunk == s.chunk-1 {
				out = append(out, sum)
			}
		}
	}
	return out, memory
}

// run computes chunks from to to-1 behind what is given.
func (s *scanned) run(t testing.TB, g *Graph, from, to int, before, memory []float32) (y, after []float32) {
	t.Helper()
	inner := s.heads * s.size
	channels := inner + 2*s.states
	g.Reset()
	put := map[*Tensor][]float32{}
	in := func(v []float32, dims ...int64) Tensor {
		x := g.Input(F32, dims...)
		put[&x] = v
		return x
	}
	width := int64(channels + s.heads)
	op := Scan{
		Kernel: in(s.kernel, int64(channels), int64(s.taps)), Bias: in(s.bias, int64(channels)), Step: in(s.step, int64(s.heads)),
		Rate: in(s.rate, int64(s.heads)), Direct: in(s.direct, int64(s.heads)), Chunk: s.chunk,
	}
	rows := in(s.rows[from*s.chunk*int(width):to*s.chunk*int(width)], width, int64((to-from)*s.chunk))
	read, kept := g.Scan(op, rows, in(before, int64(channels), int64(s.taps-1)), in(memory, int64(s.states), int64(inner)))
	read, kept = g.Output(g.Cont(read)), g.Output(g.Cont(kept))
	err := g.Compute(context.Background(), func() {
		for x, v := range put {
			Put(g, *x, v)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	y, after = make([]float32, read.Elements()), make([]float32, kept.Elements())
	for x, v := range map[*Tensor][]float32{&read: y, &kept: after} {
		if err := Take(g, *x, 0, v); err != nil {
			t.Fatal(err)
		}
	}
	return y, after
}

// tail are the last rows of chunk-1 and before, as the next chunk needs them.
func (s *scanned) tail(chunks int) (out []float32) {
	channels := s.heads*s.size + 2*s.states
	for t := chunks*s.chunk - s.taps + 1; t < chunks*s.chunk; t++ {
		out = append(out, s.rows[t*(channels+s.heads):][:channels]...)
	}
	return out
}

func TestScanAgainstPlainLoops(t *testing.T) {
	for _, plain := range []bool{false, true} {
		for _, threads := range []int{1, 3} {
			g := start(t, threads)
			g.b.plain = plain
			wide, err := NewGraph(g.b, 2000)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(wide.Close)
			for _, s := range []*scanned{newScanned(2, 4, 128, 4, 26, 2), newScanned(3, 5, 7, 2, 3, 5), newScanned(1, 64, 80, 4, 3, 1), newScanned(4, 8, 64, 3, 9, 4)} {
				want, memory := s.plainly()
				y, after := s.run(t, wide, 0, s.chunks, s.before, s.memory)
				largest := 1.0
				for _, w := range append(want, memory...) {
					largest = max(largest, math.Abs(w))
				}
				for i, w := range want {
					if d := math.Abs(float64(y[i]) - w); !(d < 3e-6*largest) {
						t.Fatalf("plain %v, %d threads, %d heads: reading %d is %v, want %v", plain, threads, s.heads, i, y[i], w)
					}
				}
				for i, w := range memory {
					if d := math.Abs(float64(after[i]) - w); !(d < 3e-6*largest) {
						t.Fatalf("plain %v, %d threads, %d heads: memory %d is %v, want %v", plain, threads, s.heads, i, after[i], w)
					}
				}
			}
		}
	}
}

func TestScanInStepsIsTheSameToTheBit(t *testing.T) {
	g := start(t, 2)
	s := newScanned(3, 16, 72, 4, 26, 5)
	want, memory := s.run(t, g, 0, 5, s.before, s.memory)
	first, kept := s.run(t, g, 0, 2, s.before, s.memory)
	second, end := s.run(t, g, 2, 5, s.tail(2), kept)
	if got := append(first, second...); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Error("readings differ")
	}
	if fmt.Sprint(end) != fmt.Sprint(memory) {
		t.Error("memories differ")
	}
}

func TestScanRefuses(t *testing.T) {
	g := start(t, 1)
	for name, change := range map[string]func(s *Scan, rows, before, memory *Tensor){
		"no chunk":         func(s *Scan, rows, before, memory *Tensor) { s.Chunk = 0 },
		"a wide chunk":     func(s *Scan, rows, before, memory *Tensor) { s.Chunk = 7 },
		"other rows":       func(s *Scan, rows, before, memory *Tensor) { *rows = g.Input(F32, 5, 6) },
		"other memory":     func(s *Scan, rows, before, memory *Tensor) { *memory = g.Input(F32, 3, 3) },
		"nothing before":   func(s *Scan, rows, before, memory *Tensor) { *before = Tensor{} },
		"whole numbers":    func(s *Scan, rows, before, memory *Tensor) { s.Step = g.Input(I32, 2) },
		"a kernel of one":  func(s *Scan, rows, before, memory *Tensor) { s.Kernel = g.Input(F32, 10) },
		"too long a reach": func(s *Scan, rows, before, memory *Tensor) { s.Chunk = 2 },
	} {
		g.Reset()
		s := Scan{Kernel: g.Input(F32, 10, 4), Bias: g.Input(F32, 10), Step: g.Input(F32, 2), Rate: g.Input(F32, 2), Direct: g.Input(F32, 2), Chunk: 3}
		rows, before, memory := g.Input(F32, 12, 6), g.Input(F32, 10, 3), g.Input(F32, 3, 4)
		if y, _ := g.Scan(s, rows, before, memory); g.Err() != nil || y.ne != [4]int64{4, 2, 1, 1} {
			t.Fatalf("the scan itself: %v", g.Err())
		}
		change(&s, &rows, &before, &memory)
		if g.Scan(s, rows, before, memory); g.Err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A minute at the real size: 96 heads of 64, 128 states.
func BenchmarkScan(b *testing.B) {
	g := start(b, 1)
	s := newScanned(96, 64, 128, 4, 26, 60)
	for b.Loop() {
		s.run(b, g, 0, s.chunks, s.before, s.memory)
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/60s")
}

package ggml

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"unsafe"

	"omnilive/model/gguf"
)

// sizes runs f once for every size of kernel that this processor has.
func sizes(t *testing.T, f func(t *testing.T)) {
	defer limitPanel(32, true)
	for name, n := range map[string]int{"any": 8, "avx2": 16, "avx512": 32} {
		if limitPanel(n, true); panelSize() == n {
			t.Run(name, f)
		}
	}
}

// matrices writes a GGUF file of f16 matrices and loads it; it returns the rounded weights too.
func matrices(t *testing.T, g *Graph, in, out int) (Matrix, []float32) {
	t.Helper()
	w := noise(in * out)
	half := make([]byte, 2*len(w))
	if err := Convert(half, F16, unsafe.Slice((*byte)(unsafe.Pointer(&w[0])), 4*len(w)), F32, int64(in)); err != nil {
		t.Fatal(err)
	}
	for i := range w {
		w[i] = gguf.Float16(uint16(half[2*i]) | uint16(half[2*i+1])<<8)
	}
	path := filepath.Join(t.TempDir(), "m.gguf")
	f, err := gguf.Create(path, nil, []gguf.Tensor{{Name: "m", Type: F16, Shape: []int64{int64(in), int64(out)}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.WriteTensor("m", half); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	r, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all, err := LoadMatrices(r, []string{"m"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(all.Close)
	m, err := all.Matrix("m", in, out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := all.Matrix("m", out, in+1); err == nil {
		t.Error("a wrong shape was accepted")
	}
	return m, w
}

func run(t *testing.T, g *Graph, y Tensor, fill func()) []float32 {
	t.Helper()
	if err := g.Compute(context.Background(), fill); err != nil {
		t.Fatal(err)
	}
	out := make([]float32, y.Elements())
	if err := Take(g, y, 0, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLinearAgainstPlainLoops(t *testing.T) {
	g := start(t, 2)
	sizes(t, func(t *testing.T) {
		for _, c := range []struct {
			in, out, rows int
			gelu          bool
		}{{48, 64, 1, false}, {48, 64, 13, true}, {7, 96, 25, false}, {16, 37, 5, false}} {
			m, w := matrices(t, g, c.in, c.out)
			x, bias, add := noise(c.in*c.rows), noise(c.out), noise(c.out*c.rows)
			g.Reset()
			tx, tb, ta := g.Input(F32, int64(c.in), int64(c.rows)), g.Input(F32, int64(c.out)), g.Input(F32, int64(c.out), int64(c.rows))
			plus := ta
			if c.out%32 != 0 {
				plus = Tensor{}
			}
			y := g.Output(g.Linear(m, tx, tb, plus, c.gelu))
			got := run(t, g, y, func() {
				Put(g, tx, x)
				Put(g, tb, bias)
				if plus.p != nil {
					Put(g, ta, add)
				}
			})
			near(t, "linear", got, func(i int) float64 {
				s := float64(bias[i%c.out])
				for j := range c.in {
					s += float64(x[i/c.out*c.in+j]) * float64(w[i%c.out*c.in+j])
				}
				if c.gelu {
					s *= 0.5 * (1 + math.Erf(s/math.Sqrt2))
				}
				if plus.p != nil {
					s += float64(add[i])
				}
				return s
			})
			row := make([]float32, c.in)
			if err := m.Row(int64(c.out-1), row); err != nil || !slices.Equal(row, w[(c.out-1)*c.in:]) {
				t.Errorf("row %v, %v", row, err)
			}
			if m.Row(int64(c.out), row) == nil {
				t.Error("a row behind the last was accepted")
			}
		}
	})
}

// attended is what attention should give for element i of n queries, by plain loops.
func attended(q, k, v []float32, heads, size, n, keys int, causal bool) func(i int) float64 {
	w := heads * size
	out := make([]float64, n*w)
	for at := 0; at < len(out); at += size { // a head of a row
		row, h := at/w, at%w
		seen, sum := keys, 0.0
		if causal {
			seen = keys - n + row + 1
		}
		for s := range seen {
			dot := 0.0
			for j := range size {
				dot += float64(q[at+j]) * float64(k[s*w+h+j])
			}
			e := math.Exp(dot / math.Sqrt(float64(size)))
			sum += e
			for j := range size {
				out[at+j] += e * float64(v[s*w+h+j])
			}
		}
		for j := range size {
			out[at+j] /= sum
		}
	}
	return func(i int) float64 { return out[i] }
}

func TestAttentionAgainstPlainLoops(t *testing.T) {
	g := start(t, 2)
	const heads, size = 3, 32
	w := int64(heads * size)
	sizes(t, func(t *testing.T) {
		for _, c := range []struct {
			n, keys int
			causal  bool
		}{{1, 1, true}, {5, 5, true}, {3, 40, true}, {14, 33, false}} {
			q, k, v := noise(int(w)*c.n), noise(int(w)*c.keys), noise(int(w) * (c.keys + 1))[int(w):]
			g.Reset()
			tq, tk, tv := g.Input(F32, w, int64(c.n)), g.Input(F32, w, int64(c.keys)), g.Input(F32, w, int64(c.keys))
			y := g.Output(g.Attend(tq, tk, tv, heads, float32(1/math.Sqrt(size)), c.causal))
			got := run(t, g, y, func() { Put(g, tq, q); Put(g, tk, k); Put(g, tv, v) })
			near(t, "attend", got, attended(q, k, v, heads, size, c.n, c.keys, c.causal))
			if c.causal {
				continue
			}
			m, err := NewMemory(c.keys, heads, size)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			g.Reset()
			tq, tk, tv = g.Input(F32, w, int64(c.n)), g.Input(F32, w, int64(c.keys)), g.Input(F32, w, int64(c.keys))
			g.Do(g.Keep(m, tk, tv))
			y = g.Output(g.Recall(tq, m, c.keys, float32(1/math.Sqrt(size))))
			got = run(t, g, y, func() { Put(g, tq, q); Put(g, tk, k); Put(g, tv, v) })
			want := attended(q, k, v, heads, size, c.n, c.keys, false)
			for i, x := range got {
				if math.Abs(float64(x)-want(i)) > 3e-3 { // f16
					t.Fatalf("recall: element %d is %v, want %v", i, x, want(i))
				}
			}
			memoryCopies(t, m, c.keys)
		}
	})
}

// memoryCopies copies a part of m and compares all keys.
func memoryCopies(t *testing.T, m *Memory, keys int) {
	t.Helper()
	to, err := NewMemory(keys, m.heads, m.size)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	from, end := 5, keys-1
	if err := to.Copy(m, from, end); err != nil {
		t.Fatal(err)
	}
	a, b, zero := make([]float32, m.size), make([]float32, m.size), make([]float32, m.size)
	for h := range m.heads {
		for p := range keys {
			if m.Key(h, p, a) != nil || to.Key(h, p, b) != nil {
				t.Fatal("no key")
			}
			if inside := p >= from && p < end; inside != slices.Equal(a, b) || !inside && !slices.Equal(b, zero) {
				t.Fatalf("head %d position %d: %v, %v", h, p, a[:4], b[:4])
			}
		}
	}
	if to.Copy(m, 0, 1<<20) == nil || m.Key(m.heads, 0, a) == nil {
		t.Error("positions behind the end were accepted")
	}
}

// What a draft is worth rests on this.
func TestARowDoesNotDependOnItsNeighbours(t *testing.T) {
	g := start(t, 1)
	sizes(t, func(t *testing.T) {
		const in, out, rows = 70, 96, 17
		m, _ := matrices(t, g, in, out)
		x := noise(in * rows)
		compute := func(x []float32) []float32 {
			g.Reset()
			n := int64(len(x) / in)
			tx := g.Input(F32, in, n)
			y := g.Output(g.SoftMax(g.Linear(m, g.Norm(tx, 1e-5), Tensor{}, Tensor{}, true), Tensor{}, 1))
			return run(t, g, y, func() { Put(g, tx, x) })
		}
		whole := compute(x)
		for r := range rows {
			if !slices.Equal(compute(x[r*in:(r+1)*in]), whole[r*out:(r+1)*out]) {
				t.Fatalf("row %d alone differs", r)
			}
		}
	})
}

package ggml

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// eachDevice runs f on the processor treated as another device, and on every GPU that the libraries of OMNILIVE_GPU_LIB
// find.
func eachDevice(t *testing.T, f func(t *testing.T, b *Backend)) {
	t.Helper()
	if err := Load(libraries(t)); err != nil {
		t.Fatal(err)
	}
	list, err := Devices()
	if err != nil {
		t.Fatal(err)
	}
	list[0].Name = PlainProcessor
	for _, d := range list {
		t.Run(d.Name, func(t *testing.T) {
			b, err := OpenBackend(d.Name, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			f(t, b)
		})
	}
}

func TestDevices(t *testing.T) {
	if err := Load(libraries(t)); err != nil {
		t.Fatal(err)
	}
	list, err := Devices()
	if err != nil || list[0].Name != Processor || list[0].Kind != CPU || list[0].Description == "" || list[0].Total < 1<<20 {
		t.Fatalf("%+v, %v", list, err)
	}
	for _, name := range []string{"", Processor, PlainProcessor} {
		if d, err := FindDevice(name); err != nil || d.Kind != CPU || d.Handle() == nil {
			t.Errorf("%q is %+v, %v", name, d, err)
		}
	}
	if _, err := OpenBackend("gpu99", 1); err == nil || !strings.Contains(err.Error(), "there are cpu") {
		t.Errorf("gpu99: %v", err)
	}
	if _, err := OpenBackend(PlainProcessor, 0); err == nil {
		t.Error("a backend of no threads")
	}
	if err := Precise(); err == nil {
		t.Error("precise products were promised after loading")
	}
}

func TestStoreOnDevice(t *testing.T) {
	eachDevice(t, func(t *testing.T, b *Backend) {
		s, err := b.NewStore([]Spec{{"a", F32, []int64{3, 2}}, {"b", Q8_0, []int64{32}}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if s.Bytes("a") != nil || s.Size() < 6*4+34 {
			t.Errorf("%d bytes, and memory that is not this process's", s.Size())
		}
		if _, err := s.Floats("a"); err == nil {
			t.Error("numbers that lie elsewhere")
		}
		if err := s.WriteFloats("a", []float32{1, 2, 3, 4, 5, 6}); err != nil {
			t.Fatal(err)
		}
		got := []byte{9, 9, 9, 9}
		if err := s.Read("a", 4, got); err != nil || !slices.Equal(got, []byte{0, 0, 0, 0x40}) {
			t.Errorf("the second number is %v, %v", got, err)
		}
		if err := s.Read("b", 30, got); err != nil || !slices.Equal(got, make([]byte, 4)) {
			t.Errorf("new tensors hold %v, %v", got, err)
		}
		wrong := []error{
			s.Write("c", 0, got), s.Write("a", 21, got), s.Write("a", -1, got), s.Write("a", 0, nil), s.Read("a", 24, got),
			s.WriteFloats("b", make([]float32, 32)), s.WriteFloats("a", make([]float32, 5)),
		}
		for i, err := range wrong {
			if err == nil {
				t.Errorf("mistake %d was not seen", i)
			}
		}
		if _, err := b.NewStore([]Spec{{"a", F32, []int64{3}}, {"a", F32, []int64{3}}}); err == nil {
			t.Error("two tensors of one name")
		}
	})
}

// A deviceCase builds one operation out of tensors with these shapes, the first of which comes as an input and the others
// lie in a Store.
type deviceCase struct {
	name   string
	shapes [][]int64
	build  func(g *Graph, t []Tensor) Tensor
}

func deviceCases() []deviceCase {
	matrix := func(t Tensor) Matrix { return PlainMatrix(t) }
	return []deviceCase{
		{"linear", [][]int64{{40, 7}, {40, 24}, {24}, {24, 7}}, func(g *Graph, t []Tensor) Tensor {
			return g.Linear(matrix(t[1]), t[0], t[2], t[3], true)
		}},
		{"activations", [][]int64{{40, 7}, {40, 24}, {40, 24}}, func(g *Graph, t []Tensor) Tensor {
			gate := g.Product(matrix(t[1]), t[0], After{Act: ActSiLU})
			return g.Mish(g.ELU(g.Product(matrix(t[2]), t[0], After{Act: ActGELUTanh, Times: gate})))
		}},
		{"norms", [][]int64{{40, 7}, {40}}, func(g *Graph, t []Tensor) Tensor {
			return g.Unit(g.Add(g.Norm(t[0], 1e-5), g.RMSNorm(g.Mul(t[0], t[1]), 1e-6)), 1e-12)
		}},
		{"attend", [][]int64{{40, 9}, {40, 9}, {40, 9}}, func(g *Graph, t []Tensor) Tensor {
			return g.Attend(t[0], t[1], t[2], 4, 0.3, true)
		}},
		{"attend keys", [][]int64{{40, 5}, {40, 9}, {40, 9}}, func(g *Graph, t []Tensor) Tensor {
			return g.AttendKeys(t[0], t[1], t[2], 2, 0.3, 6)
		}},
		{"attend segments", [][]int64{{40, 9}, {40, 9}, {40, 9}}, func(g *Graph, t []Tensor) Tensor {
			return g.AttendSegments(t[0], t[1], t[2], 2, 0.3, []int32{2, 2, 5})
		}},
		{"rotate halves", [][]int64{{40, 9}, {10, 9}, {10, 9}}, func(g *Graph, t []Tensor) Tensor { return g.Rotate(t[0], t[1], t[2], 4, true) }},
		{"rotate pairs", [][]int64{{40, 9}, {10, 9}, {10, 9}}, func(g *Graph, t []Tensor) Tensor { return g.Rotate(t[0], t[1], t[2], 4, false) }},
		{"convolve", [][]int64{{6, 50}, {42, 10}, {10}}, func(g *Graph, t []Tensor) Tensor {
			return g.Convolve(matrix(t[1]), t[0], t[2], Conv{Kernel: 7, Stride: 2, Dilation: 3, Left: 4, Right: 9})
		}},
		{"convolve 2d", [][]int64{{6, 9, 8}, {18, 10}, {18, 10}, {18, 10}, {10}}, func(g *Graph, t []Tensor) Tensor {
			return g.Convolve2D([]Matrix{matrix(t[1]), matrix(t[2]), matrix(t[3])}, t[0], t[4])
		}},
		{"depthwise", [][]int64{{6, 50}, {6, 5}}, func(g *Graph, t []Tensor) Tensor { return g.Depthwise(t[1], t[0], 2) }},
		{"snake", [][]int64{{6, 50}, {6}, {6}, {12}, {12}}, func(g *Graph, t []Tensor) Tensor {
			return g.Snake(t[0], Snake{Rate: t[1], Gain: t[2], Up: t[3], Down: t[4]}, true, false)
		}},
		{"sin square", [][]int64{{6, 50}, {6}, {6}}, func(g *Graph, t []Tensor) Tensor { return g.SinSquare(t[0], t[1], t[2]) }},
		{"scan", [][]int64{{30 + 2*8 + 3, 12}, {46, 3}, {8, 30}, {46, 4}, {46}, {3}, {3}, {3}}, func(g *Graph, t []Tensor) Tensor {
			s := Scan{Kernel: t[3], Bias: t[4], Step: t[5], Rate: t[6], Direct: t[7], Chunk: 4}
			y, after := g.Scan(s, t[0], t[1], t[2])
			return g.Concat(g.Reshape(y, 30*3), g.Reshape(after, 30*8), 0)
		}},
		{"spread", [][]int64{{20, 6}, {8, 5, 6}}, func(g *Graph, t []Tensor) Tensor { return g.ConvTranspose1D(t[1], t[0], 3) }},
		{"windows", [][]int64{{20, 6}, {3, 6, 5}}, func(g *Graph, t []Tensor) Tensor { return g.Conv1D(t[1], t[0], 2, 1, 1) }},
		{"remember", [][]int64{{20, 6}, {20, 9}}, func(g *Graph, t []Tensor) Tensor {
			g.Do(g.Copy(t[0], g.Rows(t[1], 3, 9)))
			return g.Scale(g.Cont(g.Rows(t[1], 0, 9)), 2)
		}},
	}
}

// on computes a case on b.
func (c deviceCase) on(t *testing.T, b *Backend) []float32 {
	specs, values := make([]Spec, len(c.shapes)), make([][]float32, len(c.shapes))
	for i, s := range c.shapes {
		specs[i] = Spec{strconv.Itoa(i), F32, s}
		n := int64(1)
		for _, d := range s {
			n *= d
		}
		values[i] = noise(int(n) + i)[i:]
		for j, v := range values[i] {
			values[i][j] = float32(math.Tanh(float64(v))) - 0.1
		}
	}
	s, err := b.NewStore(specs)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	g, err := NewGraph(b, 512)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	in := make([]Tensor, len(specs))
	for i := range specs {
		if err := s.WriteFloats(specs[i].Name, values[i]); err != nil {
			t.Fatal(err)
		}
		if in[i], err = s.Tensor(specs[i].Name); err != nil {
			t.Fatal(err)
		}
	}
	in[0] = g.Input(F32, c.shapes[0]...)
	y := g.Output(c.build(g, in))
	out := make([]float32, 0, 4096)
	for range 2 { // the second time the memory of the first is there
		if err := g.Compute(context.Background(), func() { Put(g, in[0], values[0]) }); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
	}
	out = out[:y.Elements()]
	if err := Take(g, y, 0, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Every operation gives on another device what it gives on the processor.
func TestOperationsOnDevices(t *testing.T) {
	eachDevice(t, func(t *testing.T, b *Backend) {
		cpu, err := NewBackend(1)
		if err != nil {
			t.Fatal(err)
		}
		defer cpu.Close()
		for _, c := range deviceCases() {
			t.Run(c.name, func(t *testing.T) {
				want, got := c.on(t, cpu), c.on(t, b)
				for i := range want {
					if d := math.Abs(float64(got[i] - want[i])); !(d <= 2e-5*(1+math.Abs(float64(want[i])))) {
						t.Fatalf("value %d is %v, on the processor %v", i, got[i], want[i])
					}
				}
			})
		}
	})
}

// What only the processor has is refused elsewhere.
func TestDeviceRefusesKernels(t *testing.T) {
	eachDevice(t, func(t *testing.T, b *Backend) {
		if b.Packs() {
			t.Fatal("packed matrices on another device")
		}
		g, err := NewGraph(b, 16)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		m, err := NewMatrices([]MatrixSpec{{Name: "m", Type: F32, In: 8, Out: 8}})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		x, err := m.Matrix("m", 8, 8)
		if err != nil {
			t.Fatal(err)
		}
		g.Linear(x, g.Input(F32, 8, 2), Tensor{}, Tensor{}, false)
		if g.Err() == nil {
			t.Error("a packed matrix was taken")
		}
		k, err := NewMemory(32, 1, 64)
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		g.Reset()
		g.Keep(k, g.Input(F32, 64, 2), g.Input(F32, 64, 2))
		if g.Err() == nil {
			t.Error("a memory was kept")
		}
		g.Reset()
		g.Recall(g.Input(F32, 64, 2), k, 2, 1)
		if g.Err() == nil {
			t.Error("a memory was recalled")
		}
	})
}

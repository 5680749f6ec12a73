package onnx_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"omnilive/model/onnx"
)

// affine is y = x·scale + shift over rows of three, with the shape of x free in front, and n = x's size as int64.
func affine() []byte {
	g := &onnx.Graph{}
	g.Input("x", "float32", -1, 3)
	g.Input("shift", "float32")
	g.Weight("scale", onnx.Of([]float32{1, 10, 100}, 3))
	g.Node("Mul", []string{"x", "scale"}, "scaled")
	g.Node("Add", []string{"scaled", "shift"}, "y")
	g.Node("Size", []string{"x"}, "count")
	g.Weight("one", onnx.Of([]int64{1}, 1))
	g.Node("Reshape", []string{"count", "one"}, "n")
	g.Output("y", "float32", -1, 3)
	g.Output("n", "int64", 1)
	return g.Model("affine", map[string]string{"character": "가\nb"})
}

func session(t testing.TB, o onnx.Options) *onnx.Session {
	t.Helper()
	open(t)
	s, err := onnx.NewSessionFromBytes("affine", affine(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestRun(t *testing.T) {
	s := session(t, onnx.Options{})
	for _, rows := range []int{1, 2, 7} {
		x := slices.Repeat([]float32{1, 2, 3}, rows)
		out, err := s.Run(onnx.Of(x, rows, 3), onnx.Scalar[float32](0.5))
		if err != nil {
			t.Fatal(err)
		}
		y, err := onnx.Values[float32](out[0])
		if want := slices.Repeat([]float32{1.5, 20.5, 300.5}, rows); err != nil || !slices.Equal(y, want) {
			t.Errorf("%d rows: %v (%v)", rows, y, err)
		}
		n, err := onnx.Values[int64](out[1])
		if err != nil || !slices.Equal(n, []int64{int64(3 * rows)}) || !slices.Equal(out[0].Shape(), []int{rows, 3}) {
			t.Errorf("%d rows: n %v, shape %v (%v)", rows, n, out[0].Shape(), err)
		}
		if _, err := onnx.Values[int64](out[0]); err == nil {
			t.Error("float32 values were given as int64")
		}
	}
}

func TestRunInto(t *testing.T) {
	s := session(t, onnx.Options{Outputs: []string{"n", "y"}})
	y := make([]float32, 3)
	out := []onnx.Tensor{{}, onnx.Of(y, 1, 3)}
	if err := s.RunInto([]onnx.Tensor{onnx.Of([]float32{1, 1, 1}, 1, 3), onnx.Scalar[float32](0)}, out); err != nil {
		t.Fatal(err)
	}
	if n, err := onnx.Values[int64](out[0]); err != nil || n[0] != 3 || !slices.Equal(y, []float32{1, 10, 100}) {
		t.Errorf("n %v (%v), y %v", n, err, y)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	s := session(t, onnx.Options{})
	good, shift := onnx.Of([]float32{1, 2, 3}, 1, 3), onnx.Scalar[float32](0)
	for _, c := range []struct {
		in   []onnx.Tensor
		want string
	}{
		{[]onnx.Tensor{good}, `["x" "shift"]`},
		{[]onnx.Tensor{good, {}}, `"shift" is missing`},
		{[]onnx.Tensor{onnx.Of([]int64{1, 2, 3}, 1, 3), shift}, "holds int64, the network wants float32"},
		{[]onnx.Tensor{onnx.Of([]float32{1, 2, 3, 4}, 1, 4), shift}, "[1 4], the network wants [-1 3]"},
		{[]onnx.Tensor{onnx.Of([]float32{1, 2, 3}, 3), shift}, "[3], the network wants [-1 3]"},
		{[]onnx.Tensor{onnx.Of([]float32{1, 2}, 1, 3), shift}, "needs 3 elements, 2 given"},
		{[]onnx.Tensor{onnx.Of([]float32{}, 0, 3), shift}, "is empty"},
		{[]onnx.Tensor{onnx.Of([]float32{1}, -1, -1), shift}, "out of range"},
		{[]onnx.Tensor{onnx.Of([]float32{1}, 1<<40, 1<<40), shift}, "out of range"},
		{[]onnx.Tensor{good, onnx.Of([]float32{1}, 1)}, `"shift": shape [1], the network wants []`},
	} {
		if _, err := s.Run(c.in...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	wrong := []onnx.Tensor{onnx.Of(make([]float32, 6), 2, 3), onnx.Of(make([]int64, 1), 1)}
	if err := s.RunInto([]onnx.Tensor{good, shift}, wrong); err == nil {
		t.Error("an output of the wrong shape was written")
	}
	if _, err := s.Bind([]onnx.Tensor{good, shift}, make([]onnx.Tensor, 2)); err == nil {
		t.Error("a binding without outputs was made")
	}
}

func TestMetadata(t *testing.T) {
	s := session(t, onnx.Options{})
	if v, ok, err := s.Metadata("character"); v != "가\nb" || !ok || err != nil {
		t.Errorf("%q %v %v", v, ok, err)
	}
	if v, ok, err := s.Metadata("no such key"); v != "" || ok || err != nil {
		t.Errorf("%q %v %v", v, ok, err)
	}
}

func TestOpenSaysWhatToDo(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), "none.so"), t.TempDir()} {
		if err := onnx.Open(path); err == nil || path != "" && !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v", path, err)
		}
	}
	open(t)
	open(t)
	other := filepath.Join(t.TempDir(), "other.so")
	if err := onnx.Open(other); err == nil || !strings.Contains(err.Error(), "loaded already") {
		t.Errorf("a second library: %v", err)
	}
}

func TestBrokenFiles(t *testing.T) {
	open(t)
	dir := t.TempDir()
	whole := affine()
	for name, content := range map[string][]byte{
		"empty": {}, "words": []byte("this is no network at all"), "half": whole[:len(whole)/2],
		"flipped": bytes.ReplaceAll(whole, []byte("Mul"), []byte("Mux")),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := onnx.NewSession(path, onnx.Options{}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := onnx.NewSessionFromBytes("a", whole, onnx.Options{Inputs: []string{"z"}}); err == nil ||
		!strings.Contains(err.Error(), `no input named "z"`) {
		t.Errorf("a wrong name: %v", err)
	}
}

func TestManyRunsAtOnceAndClose(t *testing.T) {
	s := session(t, onnx.Options{})
	var wg sync.WaitGroup
	for k := range 4 {
		wg.Go(func() {
			v := float32(k)
			x, y, n := []float32{v, v, v}, make([]float32, 3), make([]int64, 1)
			in := []onnx.Tensor{onnx.Of(x, 1, 3), onnx.Scalar(v)}
			b, err := s.Bind(in, []onnx.Tensor{onnx.Of(y, 1, 3), onnx.Of(n, 1)})
			if err != nil {
				t.Error(err)
				return
			}
			for i := range 200 {
				x[0] = float32(i)
				if err := b.Run(); err != nil || y[0] != x[0]+v {
					t.Errorf("bound: %v, %v", y, err)
				}
				out, err := s.Run(in...)
				if err != nil {
					t.Error(err)
				} else if f, _ := onnx.Values[float32](out[0]); f[0] != y[0] {
					t.Errorf("free: %v", f)
				}
			}
			if k%2 == 0 {
				b.Close()
				b.Close()
			}
		})
	}
	wg.Wait()
	b, err := s.Bind([]onnx.Tensor{onnx.Of(make([]float32, 3), 1, 3), onnx.Scalar[float32](1)},
		[]onnx.Tensor{onnx.Of(make([]float32, 3), 1, 3), onnx.Of(make([]int64, 1), 1)})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	s.Close()
	if err := b.Run(); err == nil {
		t.Error("a binding outlived its session")
	}
	b.Close()
	if _, err := s.Run(onnx.Of(make([]float32, 3), 1, 3), onnx.Scalar[float32](1)); err == nil {
		t.Error("a closed session ran")
	}
	if _, _, err := s.Metadata("character"); err == nil {
		t.Error("a closed session has metadata")
	}
}

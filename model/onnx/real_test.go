package onnx_test

import (
	"os"
	"path/filepath"
	"testing"

	"omnilive/model/onnx"
)

// open loads the library named by the environment, or skips.
func open(t testing.TB) {
	t.Helper()
	lib := os.Getenv("OMNILIVE_LIB")
	if lib == "" {
		t.Skip("OMNILIVE_LIB is not set: no ONNX Runtime to run with")
	}
	if err := onnx.Open(filepath.Join(lib, "libonnxruntime.so.1.32.0")); err != nil {
		t.Fatal(err)
	}
}

// part is the path of a fetched model file, or a skip.
func part(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("OMNILIVE_MODELS")
	if dir == "" {
		t.Skip("OMNILIVE_MODELS is not set: no network to run")
	}
	return filepath.Join(dir, name)
}

func TestRealNetworkAllocatesNothingWhenBound(t *testing.T) {
	open(t)
	s, err := onnx.NewSession(part(t, "silero_vad_16k_op15.onnx"), onnx.Options{Inputs: []string{"input", "state", "sr"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	t.Log(onnx.Version(), s.Inputs(), s.Outputs())
	x, p := make([]float32, 576), make([]float32, 1)
	state, next := make([]float32, 256), make([]float32, 256)
	for i := range x {
		x[i] = float32(i%37) / 37
	}
	in := []onnx.Tensor{onnx.Of(x, 1, 576), onnx.Of(state, 2, 1, 128), onnx.Scalar[int64](16000)}
	b, err := s.Bind(in, []onnx.Tensor{onnx.Of(p, 1, 1), onnx.Of(next, 2, 1, 128)})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	run := func() {
		if err := b.Run(); err != nil {
			t.Error(err)
		}
	}
	if n := testing.AllocsPerRun(20, run); n != 0 {
		t.Errorf("a bound run allocates %v times", n)
	}
	out, err := s.Run(in...)
	if err != nil {
		t.Fatal(err)
	}
	free, err := onnx.Values[float32](out[0])
	if err != nil || len(free) != 1 || free[0] != p[0] || p[0] == 0 {
		t.Errorf("free run gives %v (%v), bound run %v", free, err, p)
	}
}

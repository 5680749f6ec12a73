package onnx

import (
	"reflect"
	"testing"
)

func graph() []byte {
	g := &Graph{}
	g.Input("x", "float32", -1, 3)
	g.Input("sr", "int64")
	g.Input("w", "float32", 3) // as old writers list weights
	g.Weight("w", Of([]float32{1, 2, 3}, 3))
	g.Node("Mul", []string{"x", "w"}, "y", Ints("axes", 1, 2), Int("axis", -1), Float("alpha", 0.5))
	g.Output("y", "float32", -1, 3)
	return g.Model("test", nil)
}

func TestReadHeader(t *testing.T) {
	in, out, err := readHeader(graph())
	if err != nil {
		t.Fatal(err)
	}
	wantIn := []Info{{Name: "x", Type: "float32", Shape: []int{-1, 3}}, {Name: "sr", Type: "int64"}}
	wantOut := []Info{{Name: "y", Type: "float32", Shape: []int{-1, 3}}}
	if !reflect.DeepEqual(in, wantIn) || !reflect.DeepEqual(out, wantOut) {
		t.Errorf("in %v, out %v", in, out)
	}
}

func FuzzReadHeader(f *testing.F) {
	f.Add(graph())
	f.Add([]byte{})
	f.Add([]byte{0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		in, out, err := readHeader(b)
		if err == nil && len(out) == 0 {
			t.Errorf("no outputs and no error; inputs %v", in)
		}
	})
}

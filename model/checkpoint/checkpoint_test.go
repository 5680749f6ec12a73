package checkpoint

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"omnilive/model/ggml"
)

// open loads the libraries that are needed to keep weights.
func open(t *testing.T) *ggml.Backend {
	t.Helper()
	dir := os.Getenv("OMNILIVE_LIB")
	if dir == "" {
		t.Skip("OMNILIVE_LIB is not set; make test sets it")
	}
	if err := ggml.Load(filepath.Join(dir, "llama")); err != nil {
		t.Fatal(err)
	}
	b, err := ggml.NewBackend(1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// write makes a safetensors file of f32 tensors.
func write(t *testing.T, path string, shapes map[string][]int64, value func(name string, i int) float32) {
	t.Helper()
	header, data := map[string]any{}, []byte{}
	for name, shape := range shapes {
		n := int64(1)
		for _, d := range shape {
			n *= d
		}
		from := len(data)
		for i := range n {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(value(name, int(i))))
		}
		header[name] = map[string]any{"dtype": "F32", "shape": shape, "data_offsets": []int{from, len(data)}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	if err := os.WriteFile(path, append(file, data...), 0o600); err != nil {
		t.Fatal(err)
	}
}

func count(_ string, i int) float32 { return float32(i) }

func source(t *testing.T, shapes map[string][]int64, value func(string, int) float32) Source {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	write(t, path, shapes, value)
	src, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

func TestPlanLoadsWhatItWants(t *testing.T) {
	b := open(t)
	src := source(t, map[string][]int64{"m.a.weight": {2, 3}, "m.a.bias": {2}, "m.conv": {2, 3, 2}, "m.spare": {4}, "m.none": {1}}, count)
	p := NewPlan(src).At("m.")
	var a ggml.Affine
	var conv, sum ggml.Matrix
	var floats []float32
	p.Linear(&a, "a", 2, 3)
	p.Conv(&conv, "conv", 2, 3, 2)
	p.Floats(&floats, "a.weight", 2, 3)
	p.Unused("spare", 4)
	p.Made(&sum, 1, 2, []Need{{"a.bias", []int64{2}}}, func(parts [][]float32) []float32 { return []float32{parts[0][1], 7} })
	if extra := p.Extra(""); len(extra) != 1 || extra[0].Name != "m.none" {
		t.Errorf("extra tensors %v", extra)
	}
	var last, whole int64
	w, err := p.Load(context.Background(), Options{Backend: b, Progress: func(done, total int64) { last, whole = done, total }})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if last != whole || last == 0 {
		t.Errorf("progress ended at %d of %d", last, whole)
	}
	if len(floats) != 6 || floats[5] != 5 || a.W.In() != 3 || a.W.Out() != 2 || a.Bias.Dim(0) != 2 {
		t.Errorf("loaded %v, %v, %v", floats, a.W, a.Bias)
	}
	g, err := ggml.NewGraph(b, 8)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	x := g.Input(ggml.F32, 6, 1)
	y := g.Output(g.Linear(conv, x, ggml.Tensor{}, ggml.Tensor{}, false))
	if err := g.Compute(context.Background(), func() { ggml.Put(g, x, []float32{1, 10, 100, 1000, 1e4, 1e5}) }); err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 2)
	if err := ggml.Take(g, y, 0, got); err != nil || got[0] != 531420 || got[1] != 531420+666666 {
		t.Errorf("taps are kept in another order: %v, %v", got, err)
	}
}

func TestPlanListsAllThatIsWrong(t *testing.T) {
	src := source(t, map[string][]int64{"a": {2, 3}, "b": {2}}, count)
	p := NewPlan(src)
	var m ggml.Matrix
	var v ggml.Tensor
	p.Matrix(&m, "a", 3, 2)
	p.Tensor(&v, "b", 2)
	p.Tensor(&v, "c", 5)
	_, err := p.Load(context.Background(), Options{})
	if err == nil || !strings.Contains(err.Error(), `"a" has shape [2 3], want [3 2]`) || !strings.Contains(err.Error(), `"c" is missing`) {
		t.Errorf("got %v", err)
	}
}

func TestNumbersThatAreNotFiniteAreRefused(t *testing.T) {
	b := open(t)
	src := source(t, map[string][]int64{"a": {2, 3}}, func(_ string, i int) float32 { return float32(math.Log(float64(i - 4))) })
	p := NewPlan(src)
	var m ggml.Matrix
	p.Matrix(&m, "a", 2, 3)
	if _, err := p.Load(context.Background(), Options{Backend: b}); err == nil || !strings.Contains(err.Error(), `"a": holds a number`) {
		t.Errorf("got %v", err)
	}
}

func TestShards(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "one.safetensors"), map[string][]int64{"a": {2}, "b": {3}}, count)
	write(t, filepath.Join(dir, "two.safetensors"), map[string][]int64{"c": {1}}, count)
	index := func(text string) error {
		if err := os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		src, err := Open(dir)
		if err == nil {
			defer src.Close()
			if v, err := Floats(src, "b"); err != nil || len(v) != 3 || v[2] != 2 {
				t.Errorf("read %v, %v", v, err)
			}
		}
		return err
	}
	for _, c := range []struct{ index, wrong string }{
		{`{"weight_map":{"a":"one.safetensors","b":"one.safetensors","c":"two.safetensors"}}`, ""},
		{`{"weight_map":{"a":"one.safetensors","b":"two.safetensors","c":"two.safetensors"}}`, `"b"`},
		{`{"weight_map":{"a":"one.safetensors","b":"one.safetensors","c":"two.safetensors","d":"two.safetensors"}}`, `"d"`},
		{`{"weight_map":{"a":"../one.safetensors"}}`, "beside the index"},
		{`{"weight_map":{"a":"three.safetensors"}}`, "three.safetensors"},
		{`{"weight_map":{"a":"model.safetensors.index.json"}}`, "beside the index"},
		{`{`, "JSON"},
		{`{}`, "weight_map"},
	} {
		err := index(c.index)
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: got %v", c.index, err)
		}
	}
}

// A plan over nothing tells what a checkpoint would have to hold.
func TestPlanTellsWhatItWants(t *testing.T) {
	var m ggml.Matrix
	var v []float32
	p := NewPlan(Join(nil))
	p.At("a.").Matrix(&m, "weight", 2, 3)
	p.Floats(&v, "b", 4)
	want := []Need{{"a.weight", []int64{2, 3}}, {"b", []int64{4}}}
	if got := p.Wants(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

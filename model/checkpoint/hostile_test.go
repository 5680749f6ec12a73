package checkpoint

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"omnilive/model/ggml"
	"omnilive/model/gguf"
)

// written makes a GGUF file of q8_0 rows and says what is in it.
func written(t *testing.T, path string, values []gguf.Value, tensors []gguf.Tensor, data func(name string) []byte) {
	t.Helper()
	w, err := gguf.Create(path, values, tensors)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for _, x := range tensors {
		if err := w.WriteTensor(x.Name, data(x.Name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

// blocks are n blocks of q8_0 whose numbers are the scale times -16 … 15.
func blocks(n int, scale uint16) (b []byte) {
	for range n {
		b = binary.LittleEndian.AppendUint16(b, scale)
		for j := range 32 {
			b = append(b, byte(int8(j-16)))
		}
	}
	return b
}

func TestConvertedFolder(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("layer.", 20) + "weight"
	written(t, filepath.Join(dir, "a.gguf"), []gguf.Value{
		{Key: KeyPrefix, Data: "model.a."}, {Key: KeyShapes, Data: []string{"conv 2 4 2 2 2", "one"}}, {Key: KeyNames, Data: []string{"long~1 " + long}},
	}, []gguf.Tensor{
		{Name: "conv", Type: ggml.Q8_0, Shape: []int64{32, 2}},
		{Name: "one", Type: ggml.F32, Shape: []int64{1}},
		{Name: "long~1", Type: ggml.Q8_0, Shape: []int64{32, 3}},
	}, func(name string) []byte {
		return map[string][]byte{"conv": blocks(2, 0x3800), "one": {0, 0, 0, 64}, "long~1": blocks(3, 0x3c00)}[name]
	})
	written(t, filepath.Join(dir, "b.gguf"), []gguf.Value{{Key: KeyPrefix, Data: ""}}, []gguf.Tensor{{Name: "b", Type: ggml.F32, Shape: []int64{2}}},
		func(string) []byte { return make([]byte, 8) })
	written(t, filepath.Join(dir, "llama.gguf"), []gguf.Value{{Key: "general.architecture", Data: "llama"}}, []gguf.Tensor{{Name: "output.weight", Type: ggml.F32, Shape: []int64{2}}},
		func(string) []byte { return make([]byte, 8) })
	src, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var names []string
	for _, x := range src.Tensors() {
		names = append(names, x.Name+" "+x.String())
	}
	if got, want := strings.Join(names, ", "), "b f32[2], model.a.conv q8_0[2 4 2 2 2], model.a."+long+" q8_0[3 32], model.a.one f32[]"; got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
	v, err := Floats(src, "model.a.conv")
	if err != nil || v[0] != -8 || v[63] != 7.5 {
		t.Errorf("read %v, %v", v, err)
	}
	x, _ := src.Lookup("model.a." + long)
	part := make([]float32, 32)
	if err := ReadRows(src, x, 64, part); err != nil || part[0] != -16 {
		t.Errorf("the third row is %v, %v", part, err)
	}
	if err := ReadRows(src, x, 7, part); err == nil {
		t.Error("half blocks are read")
	}
	// The same tensor in two files is a mistake of whoever put them there.
	written(t, filepath.Join(dir, "c.gguf"), []gguf.Value{{Key: KeyPrefix, Data: "model.a."}}, []gguf.Tensor{{Name: "one", Type: ggml.F32, Shape: []int64{1}}},
		func(string) []byte { return make([]byte, 4) })
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "another file") {
		t.Errorf("the same tensor twice: %v", err)
	}
}

func TestConvertedHeadersThatLie(t *testing.T) {
	for name, values := range map[string][]gguf.Value{
		"prefix of another kind": {{Key: KeyPrefix, Data: uint32(1)}},
		"shapes of another kind": {{Key: KeyPrefix, Data: ""}, {Key: KeyShapes, Data: "a 32"}},
		"other shape":            {{Key: KeyPrefix, Data: ""}, {Key: KeyShapes, Data: []string{"a 33"}}},
		"negative shape":         {{Key: KeyPrefix, Data: ""}, {Key: KeyShapes, Data: []string{"a -32"}}},
		"overflowing shape":      {{Key: KeyPrefix, Data: ""}, {Key: KeyShapes, Data: []string{"a 1099511627776 1099511627776 1099511627776"}}},
		"many dimensions":        {{Key: KeyPrefix, Data: ""}, {Key: KeyShapes, Data: []string{"a 1 1 1 1 1 1 1 1 32"}}},
		"empty line":             {{Key: KeyPrefix, Data: ""}, {Key: KeyShapes, Data: []string{""}}},
		"name without another":   {{Key: KeyPrefix, Data: ""}, {Key: KeyNames, Data: []string{"a"}}},
		"one name for two":       {{Key: KeyPrefix, Data: ""}, {Key: KeyNames, Data: []string{"a x", "b x"}}},
	} {
		path := filepath.Join(t.TempDir(), "x.gguf")
		written(t, path, values, []gguf.Tensor{{Name: "a", Type: ggml.F32, Shape: []int64{32}}, {Name: "b", Type: ggml.F32, Shape: []int64{32}}},
			func(string) []byte { return make([]byte, 128) })
		if src, err := Open(path); err == nil {
			src.Close()
			t.Errorf("%s: it opens", name)
		}
	}
}

// Weights that are stored in blocks compute as f32 ones within what blocks lose, packed and plain.
func TestBlocksCompute(t *testing.T) {
	b := open(t)
	dir := t.TempDir()
	rows := make([]float32, 64*256)
	for i := range rows {
		rows[i] = float32(math.Sin(float64(i)))
	}
	for kind, limit := range map[ggml.Type]float64{ggml.F16: 0.05, ggml.BF16: 0.3, ggml.Q8_0: 1, gguf.Q4_0: 8, gguf.Q5_1: 4, gguf.Q4_K: 8, gguf.Q6_K: 2} {
		size, err := kind.Size([]int64{256, 64})
		if err != nil {
			t.Fatal(err)
		}
		data := make([]byte, size)
		if err := Pack(data, kind, rows, 256); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, kind.String()+".gguf")
		written(t, path, []gguf.Value{{Key: KeyPrefix, Data: ""}}, []gguf.Tensor{{Name: "m", Type: kind, Shape: []int64{256, 64}}}, func(string) []byte { return data })
		src, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var m ggml.Matrix
		p := NewPlan(src)
		p.Matrix(&m, "m", 64, 256)
		w, err := p.Load(context.Background(), Options{Backend: b})
		if err != nil {
			t.Fatal(kind, err)
		}
		got := product(t, b, m)
		for i, v := range got {
			want := 0.0
			for j := range 256 {
				want += float64(rows[i*256+j]) * math.Cos(float64(j))
			}
			if math.Abs(float64(v)-want) > limit || math.IsNaN(float64(v)) {
				t.Errorf("%v: output %d is %g, want %g", kind, i, v, want)
			}
		}
		w.Close()
		src.Close()
	}
}

func product(t *testing.T, b *ggml.Backend, m ggml.Matrix) []float32 {
	t.Helper()
	g, err := ggml.NewGraph(b, 8)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	x := g.Input(ggml.F32, 256, 1)
	y := g.Output(g.Linear(m, x, ggml.Tensor{}, ggml.Tensor{}, false))
	in := make([]float32, 256)
	for j := range in {
		in[j] = float32(math.Cos(float64(j)))
	}
	if err := g.Compute(context.Background(), func() { ggml.Put(g, x, in) }); err != nil {
		t.Fatal(err)
	}
	out := make([]float32, 64)
	if err := ggml.Take(g, y, 0, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestUses(t *testing.T) {
	src := source(t, map[string][]int64{"m": {2, 3}, "norm": {3}, "g": {2, 1, 1}, "v": {2, 3, 2}, "both": {2, 2}, "spare": {4, 4}}, count)
	p := NewPlan(src)
	var m, made, both ggml.Matrix
	var norm, tensor ggml.Tensor
	p.Matrix(&m, "m", 2, 3)
	p.Tensor(&norm, "norm", 3)
	p.Made(&made, 2, 6, []Need{{"g", []int64{2, 1, 1}}, {"v", []int64{2, 3, 2}}}, func(parts [][]float32) []float32 { return parts[1] })
	p.Matrix(&both, "both", 2, 2)
	p.Tensor(&tensor, "both", 2, 2)
	p.Unused("spare", 4, 4)
	p.Unused("missing", 1)
	want := map[string]Use{"m": UseMatrix, "norm": UseExact, "g": UseExact, "v": UseSource, "both": UseExact, "spare": UseUnread}
	got := p.Uses()
	for name, use := range want {
		if got[name] != use {
			t.Errorf("%s is for %d, want %d", name, got[name], use)
		}
	}
	if len(got) != len(want) {
		t.Errorf("uses %v", got)
	}
}

func FuzzIndex(f *testing.F) {
	f.Add(`{"metadata":{"total_size":8},"weight_map":{"a":"one.safetensors"}}`)
	f.Add(`{"weight_map":{"a":"../one.safetensors","b":"model.safetensors.index.json"}}`)
	f.Add(`{"weight_map":{"a":"\u0000.safetensors"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		write := func(name string, b []byte) {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("one.safetensors", append(binary.LittleEndian.AppendUint64(nil, 54), `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}} 7`...))
		write("model.safetensors.index.json", []byte(text))
		src, err := Open(dir)
		if err != nil {
			return
		}
		defer src.Close()
		for _, x := range src.Tensors() {
			if x.Name != "a" {
				t.Errorf("an index of %q gave %v", text, x)
			}
		}
	})
}

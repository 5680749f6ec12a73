package convert

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/gguf"
	"omnilive/model/omni"
	"omnilive/model/omni/omnitest"
	"omnilive/model/safetensors"
)

// golden is a whole checkpoint, as it would be published.
const golden = "../verify/testdata/omni-whole"

func libraries(t testing.TB) {
	t.Helper()
	dir := os.Getenv("OMNILIVE_LIB")
	if dir == "" {
		t.Skip("OMNILIVE_LIB is not set; make test sets it")
	}
	if err := ggml.Load(filepath.Join(dir, "llama")); err != nil {
		t.Fatal(err)
	}
}

// read opens a checkpoint and returns all its tensors' numbers that the reader can read.
func source(t *testing.T, dir string) checkpoint.Source {
	t.Helper()
	f, err := omni.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f.Source
}

func TestNothingChangesInF32(t *testing.T) {
	libraries(t)
	out := filepath.Join(t.TempDir(), "out")
	m, err := Convert(context.Background(), golden, Options{Out: out, Type: ggml.F32})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Source) != 64 || m.Kept[omni.VisionModel] != "f32" || len(m.Sources) < 10 {
		t.Errorf("manifest %+v", m)
	}
	before, after := source(t, golden), source(t, out)
	for _, a := range before.Tensors() {
		if strings.HasPrefix(a.Name, "model.language_model.") {
			continue // compared by package verify: libllama's names and order of rows
		}
		b, ok := after.Lookup(a.Name)
		if !ok || b.String() != a.String() {
			t.Errorf("%s is %v, was %v", a.Name, b, a)
			continue
		}
		x, err1 := checkpoint.Floats(before, a.Name)
		y, err2 := checkpoint.Floats(after, a.Name)
		if err := errors.Join(err1, err2); err != nil {
			t.Error(err)
			continue
		}
		for i := range x {
			if x[i] != y[i] {
				t.Errorf("%s: number %d is %g, was %g", a.Name, i, y[i], x[i])
				break
			}
		}
	}
}

func TestTypesByUse(t *testing.T) {
	libraries(t)
	out := filepath.Join(t.TempDir(), "out")
	_, err := Convert(context.Background(), golden, Options{
		Out: out, Type: gguf.Q4_0, Types: map[string]ggml.Type{omni.AudioModel: ggml.BF16, omni.VisionModel: gguf.Q6_K, Vocoder: ggml.Q8_0},
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := omni.ReadManifest(out)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.LoadTypes(); got[omni.AudioModel] != ggml.BF16 || got[omni.VisionModel] != ggml.F16 || got[Vocoder] != ggml.Q8_0 {
		t.Errorf("loads as %v", got)
	}
	src := source(t, out)
	for name, want := range map[string]ggml.Type{
		"model.vision_model.blocks.0.norm1.weight":                            ggml.F32,
		"model.vision_model.blocks.0.attn.qkv.weight":                         ggml.F16, // 40 inputs are no whole blocks
		"model.audio_model.layers.0.fc1.weight":                               ggml.BF16,
		"model.audio_model.conv1.weight":                                      ggml.BF16,
		"model.audio_model.embed_positions.weight":                            ggml.F32,
		"model.video_audio_compressor.model.layers.0.mixer.A_log":             ggml.F32,
		"model.discrete_vision_model.bottleneck.regularizer.embedding.weight": ggml.F32,
		"model.discrete_audio_model.encoder.blocks.0.mlp.0.weight":            gguf.Q4_0,
		"model.discrete_audio_model.encoder.conv1.weight":                     ggml.F16, // is put into another order at load
		"model.discrete_audio_model.quantizer._codebook.project_down.weight":  ggml.F32,
	} {
		got, ok := src.Lookup(name)
		if !ok || got.Type != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	f, err := gguf.Open(filepath.Join(out, "language_model.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, key := range []string{"omnilive.tokenizer", "tokenizer.chat_template", "omnilive.config", "omnilive.source"} {
		if s, err := f.String(key); err != nil || s == "" {
			t.Errorf("header of the language model: %s: %v", key, err)
		}
	}
	if names, err := checkpoint.Texts(filepath.Join(out, "decoder/audio/NCCosybigvganDecoder.gguf"), omni.KeySpeakers); err != nil || len(names) == 0 {
		t.Errorf("speakers %v, %v", names, err)
	}
}

// stop ends a conversion after so many reports of a stage.
func stop(t *testing.T, out, stage string, after int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err := Convert(ctx, golden, Options{Out: out, Type: ggml.Q8_0, Progress: func(p Progress) {
		if p.Stage == stage {
			if after--; after == 0 {
				cancel()
			}
		}
		if p.Done > p.Total {
			t.Errorf("%s: %d of %d bytes", p.Stage, p.Done, p.Total)
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped in %s: %v", stage, err)
	}
}

func TestGoesOnWhereItWas(t *testing.T) {
	libraries(t)
	whole := filepath.Join(t.TempDir(), "whole")
	want, err := Convert(context.Background(), golden, Options{Out: whole, Type: ggml.Q8_0})
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	for _, at := range []struct {
		stage string
		after int
	}{{"hash", 3}, {"convert", 30}, {"convert", 400}, {"check", 5}} {
		stop(t, out, at.stage, at.after)
		if _, err := omni.OpenFolder(out); err == nil || !strings.Contains(err.Error(), "not finished") {
			t.Errorf("an unfinished conversion opens: %v", err)
		}
	}
	was, err := os.Stat(filepath.Join(out, "vision_model.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Convert(context.Background(), golden, Options{Out: out, Type: ggml.Q8_0})
	if err != nil {
		t.Fatal(err)
	}
	if now, err := os.Stat(filepath.Join(out, "vision_model.gguf")); err != nil || !os.SameFile(was, now) || !was.ModTime().Equal(now.ModTime()) {
		t.Error("a finished file was written again")
	}
	a, _ := json.Marshal(want)
	b, _ := json.Marshal(got)
	if string(a) != string(b) {
		t.Errorf("a conversion in pieces gave\n%s\nin one go\n%s", b, a)
	}
	for _, f := range []string{omni.UnfinishedFile, "vision_model.gguf.part"} {
		if _, err := os.Stat(filepath.Join(out, f)); err == nil {
			t.Errorf("%s was left", f)
		}
	}
	if _, err := Convert(context.Background(), golden, Options{Out: out, Type: ggml.F16}); err == nil || !strings.Contains(err.Error(), "another conversion") {
		t.Errorf("another conversion into the same folder: %v", err)
	}
	if again, err := Convert(context.Background(), golden, Options{Out: out, Type: ggml.Q8_0}); err != nil || again.Source != got.Source {
		t.Errorf("the same again: %v", err)
	}
}

func TestDamagedFolders(t *testing.T) {
	libraries(t)
	out := filepath.Join(t.TempDir(), "out")
	if _, err := Convert(context.Background(), golden, Options{Out: out, Type: ggml.Q8_0}); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(out, "audio_model.gguf"), 1000); err != nil {
		t.Fatal(err)
	}
	if _, err := omni.OpenFolder(out); err == nil || !strings.Contains(err.Error(), "audio_model.gguf") || !strings.Contains(err.Error(), "convert it again") {
		t.Errorf("with a cut file: %v", err)
	}
	if _, err := Convert(context.Background(), golden, Options{Out: out, Type: ggml.Q8_0}); err != nil {
		t.Errorf("mending it: %v", err)
	}
	source(t, out)
	if _, err := Convert(context.Background(), out, Options{Out: out + "2", Type: ggml.Q8_0}); err == nil || !strings.Contains(err.Error(), "converted already") {
		t.Errorf("converting what is converted: %v", err)
	}
}

func TestRefuses(t *testing.T) {
	libraries(t)
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "letter.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		dir  string
		o    Options
		want string
	}{
		{golden, Options{}, "no folder to write"},
		{golden, Options{Out: golden}, "the checkpoint itself"},
		{golden, Options{Out: full}, "not empty"},
		{t.TempDir(), Options{Out: filepath.Join(full, "x")}, "config.json"},
		{golden, Options{Out: filepath.Join(full, "x"), Types: map[string]ggml.Type{"nose": ggml.F32}}, "nose"},
	} {
		if _, err := Convert(context.Background(), c.dir, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
}

// What f16 cannot hold must not become infinite without a word.
func TestTooLargeForItsType(t *testing.T) {
	libraries(t)
	dst := make([]byte, 34)
	rows := make([]float32, 32)
	rows[3] = 70000
	if err := checkpoint.Pack(dst, ggml.Q8_0, rows, 32); err == nil || !strings.Contains(err.Error(), "bf16") {
		t.Errorf("got %v", err)
	}
	if err := checkpoint.Pack(make([]byte, 64), ggml.BF16, rows, 32); err != nil {
		t.Error(err)
	}
}

// The largest tensor of the compressor takes 155 MB: no tensor is ever in memory whole.
func TestMemory(t *testing.T) {
	libraries(t)
	dir := t.TempDir()
	var some []checkpoint.Tensor
	for _, x := range omnitest.Published() {
		if omni.ComponentOf(x.Name) == omni.Compressor {
			some = append(some, x)
		}
	}
	if err := omnitest.Write(dir, some, 2); err != nil {
		t.Fatal(err)
	}
	most := uint64(0)
	_, err := Convert(context.Background(), dir, Options{Out: filepath.Join(dir, "out"), Type: ggml.Q8_0, Progress: func(p Progress) {
		if p.Stage == "convert" {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MB at most", most>>20)
	if most == 0 || most > 120<<20 {
		t.Errorf("%d MB were in memory at once", most>>20)
	}
}

func TestDamagedNumbers(t *testing.T) {
	libraries(t)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(golden)); err != nil {
		t.Fatal(err)
	}
	const name = "model.video_audio_compressor.model.layers.0.mixer.dt_bias"
	shards, err := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range shards {
		f, err := safetensors.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		x, ok := f.Lookup(name)
		f.Close()
		if !ok {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		copy(b[x.Offset:], []byte{0, 0, 0xc0, 0x7f}) // not a number
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "out")
	if _, err := Convert(context.Background(), dir, Options{Out: out, Type: ggml.Q8_0}); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "not finite") {
		t.Errorf("got %v", err)
	}
	if _, err := omni.OpenFolder(out); err == nil {
		t.Error("half a conversion opens")
	}
}

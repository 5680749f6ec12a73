package llama

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"omnilive/model/ggml"
)

func TestOpenRefuses(t *testing.T) {
	openLibrarySet(t)
	empty := t.TempDir()
	for name, c := range map[string]struct{ dir, want string }{
		"no library":         {empty, "libllama." + Build},
		"not a library":      {folderWith(t, []byte("text")), "libllama." + Build},
		"some other library": {folderWithLink(t, filepath.Join(ggml.Loaded(), "libggml-base.so")), "llama_backend_init"},
	} {
		if err := bind(c.dir); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "omnilive models fetch") {
			t.Errorf("%s: %v, want %q and the remedy", name, err, c.want)
		}
	}
	if err := Open(empty); err == nil || !strings.Contains(err.Error(), "already loaded") {
		t.Errorf("Open of another folder: %v", err)
	}
}

func folderWith(t *testing.T, library []byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "libllama."+Build+".so"), library, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func folderWithLink(t *testing.T, to string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(to, filepath.Join(dir, "libllama."+Build+".so")); err != nil {
		t.Fatal(err)
	}
	return dir
}

const fakeFolder = "OMNILIVE_TEST_FAKE_LLAMA"

// A build whose parameters are laid out otherwise is refused before it is used. It has all the names, so only the bytes
// of its defaults give it away; another process tries it, since it cannot be unloaded.
func TestOpenRefusesAnotherLayout(t *testing.T) {
	openLibrarySet(t)
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler to make another build with")
	}
	declared, err := os.ReadFile("native.c")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var source strings.Builder
	for _, name := range regexp.MustCompile(`X\((llama_\w+)`).FindAllSubmatch(declared, -1) {
		fmt.Fprintf(&source, "typedef struct { int n[20]; } s_%[1]s; s_%[1]s %[1]s(void) { s_%[1]s x = {{1, 2, 3}}; return x; }\n", name[1])
	}
	c := filepath.Join(dir, "fake.c")
	if err := os.WriteFile(c, []byte(source.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(compiler, "-shared", "-fPIC", "-o", filepath.Join(dir, "libllama."+Build+".so"), c).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestChildOpensFake$", "-test.v")
	child.Env = append(os.Environ(), fakeFolder+"="+dir)
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "llama_model_params is laid out differently") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestChildOpensFake(t *testing.T) {
	dir := os.Getenv(fakeFolder)
	if dir == "" {
		t.Skip("runs inside TestOpenRefusesAnotherLayout")
	}
	if err := ggml.Load(filepath.Join(os.Getenv("OMNILIVE_LIB"), "llama")); err != nil {
		t.Fatal(err)
	}
	err := bind(dir)
	if err == nil {
		t.Fatal("the fake was taken for real")
	}
	t.Log(err)
	if _, err := LoadModel("x.gguf", ModelOptions{}); err == nil || !strings.Contains(err.Error(), "Open") {
		t.Errorf("LoadModel without a library: %v", err)
	}
}

func TestLoadModelRefuses(t *testing.T) {
	openLibrarySet(t)
	whole, dir := tinyGGUF(), t.TempDir()
	flipped := append([]byte(nil), whole...)
	for i := 24; i < 700; i += 97 {
		flipped[i] ^= 0x41
	}
	for name, content := range map[string][]byte{
		"empty": {}, "short": []byte("GG"), "garbage": []byte(strings.Repeat("hello", 1000)), "only magic": []byte("GGUF"),
		"cut in the header": whole[:300], "cut in the weights": whole[:len(whole)-5000], "flipped": flipped,
		"huge counts": append([]byte("GGUF\x03\x00\x00\x00"), strings.Repeat("\xff", 64)...),
	} {
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".gguf")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadModel(path, ModelOptions{}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want an error that names the file", name, err)
		} else {
			t.Log(err)
		}
	}
	if _, err := LoadModel(filepath.Join(dir, "missing"), ModelOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := LoadModel(dir, ModelOptions{}); err == nil {
		t.Error("a folder loads")
	}
}

func TestLoadProgressAndMetadata(t *testing.T) {
	openLibrarySet(t)
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	if err := os.WriteFile(path, tinyGGUF(), 0o600); err != nil {
		t.Fatal(err)
	}
	var last float32
	m, err := LoadModel(path, ModelOptions{Progress: func(done float32) { last = done }})
	if err != nil {
		t.Fatal(err)
	}
	if last != 1 {
		t.Errorf("progress ended at %v", last)
	}
	if v, ok := m.Metadata("general.architecture"); v != "llama" || !ok {
		t.Errorf("architecture %q, %v", v, ok)
	}
	if v, ok := m.Metadata("no.such.key"); v != "" || ok {
		t.Errorf("a key that is not there: %q", v)
	}
	if n := len(m.MetadataKeys()); n != 9 {
		t.Errorf("%d keys, want 9", n)
	}
	for range 2 {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := NewEngine(m, EngineOptions{}); err == nil {
		t.Error("an engine on a closed model")
	}
}

func TestEngineOptions(t *testing.T) {
	m := tiny(t)
	for name, o := range map[string]EngineOptions{
		"longer than trained": {ContextPerSequence: tinyContext + 1},
		"too many sequences":  {ContextPerSequence: 64, Sequences: maxSequences + 1, Batch: 1024},
		"negative":            {ContextPerSequence: 64, Threads: -1},
		"batch too small":     {ContextPerSequence: 64, Sequences: 8, Batch: 4},
		"batch too large":     {ContextPerSequence: 64, Batch: maxBatch + 1},
		"unknown cache":       {ContextPerSequence: 64, KVType: 9},
		"q8 without flash":    {ContextPerSequence: 64, KVType: KVQ8, FlashAttn: FlashOff},
	} {
		if e, err := NewEngine(m, o); err == nil {
			t.Errorf("%s: no error", name)
			_ = e.Close()
		}
	}
	for _, o := range []EngineOptions{{}, {KVType: KVF32, FlashAttn: FlashOff}, {KVType: KVQ8, FlashAttn: FlashOn}, {Threads: 2}, {SharedCache: true}} {
		o.ContextPerSequence, o.Sequences = 64, 2
		s := newSequence(t, start(t, m, o))
		appendAll(t, s, ids(9, 1))
		if got := generate(t, s, Sampling{MaxTokens: 3}); len(got) != 3 {
			t.Errorf("%+v: %d tokens", o, len(got))
		}
		s.Close()
	}
}

func TestQuantize(t *testing.T) {
	openLibrarySet(t)
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.gguf"), filepath.Join(dir, "out.gguf")
	if err := os.WriteFile(in, tinyGGUF(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Quantize(in, out, FileQ8_0, 2); err != nil {
		t.Fatal(err)
	}
	m, err := LoadModel(out, ModelOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := m.Metadata("general.file_type"); v != "7" {
		t.Errorf("file type %s", v)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	broken := filepath.Join(dir, "broken.gguf")
	if err := os.WriteFile(broken, tinyGGUF()[:1000], 0o600); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func() error{
		"missing":       func() error { return Quantize(filepath.Join(dir, "none"), out, FileQ8_0, 1) },
		"broken":        func() error { return Quantize(broken, filepath.Join(dir, "b"), FileQ8_0, 1) },
		"unknown type":  func() error { return Quantize(in, filepath.Join(dir, "b"), 3, 1) },
		"no threads":    func() error { return Quantize(in, filepath.Join(dir, "b"), FileQ8_0, 0) },
		"no such place": func() error { return Quantize(in, filepath.Join(dir, "no", "b"), FileQ8_0, 1) },
	} {
		if err := f(); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			t.Log(err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 3 {
		t.Errorf("%v left behind, %v", left, err)
	}
}

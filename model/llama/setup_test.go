package llama

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

const (
	smol = "smollm2-135m-instruct-q4_1.gguf"
	qwen = "qwen2.5-0.5b-instruct-q4_k_m.gguf"
)

// models keeps each file loaded once for the whole test binary.
var models struct {
	sync.Mutex
	byName map[string]*Model
}

func openLibrarySet(t testing.TB) {
	t.Helper()
	lib := os.Getenv("OMNILIVE_LIB")
	if lib == "" {
		t.Skip("OMNILIVE_LIB is not set: no native libraries")
	}
	if err := Open(filepath.Join(lib, "llama")); err != nil {
		t.Fatal(err)
	}
}

func modelPath(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("OMNILIVE_MODELS")
	if dir == "" {
		t.Skip("OMNILIVE_MODELS is not set: no language model")
	}
	return filepath.Join(dir, name)
}

// load returns one of the models, or skips.
func load(t testing.TB, name string) *Model {
	t.Helper()
	openLibrarySet(t)
	path := modelPath(t, name)
	models.Lock()
	defer models.Unlock()
	if m := models.byName[name]; m != nil {
		return m
	}
	m, err := LoadModel(path, ModelOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if models.byName == nil {
		models.byName = map[string]*Model{}
	}
	models.byName[name] = m
	return m
}

// start runs an engine until the test ends.
func start(t testing.TB, m *Model, o EngineOptions) *Engine {
	t.Helper()
	e, err := NewEngine(m, o)
	if err != nil {
		t.Fatal(err)
	}
	run(t, e)
	return e
}

// run runs e until the test ends, and closes it.
func run(t testing.TB, e *Engine) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
}

func newSequence(t testing.TB, e *Engine) *Sequence {
	t.Helper()
	s, err := e.NewSequence()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func tokens(t testing.TB, m *Model, text string) []int32 {
	t.Helper()
	ids, err := m.Tokenize(text, true)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func chat(question string) string {
	return "<|im_start|>system\nYou are a friendly assistant on a live phone call. Answer in one or two short spoken sentences.<|im_end|>\n" +
		"<|im_start|>user\n" + question + "<|im_end|>\n<|im_start|>assistant\n"
}

func appendAll(t testing.TB, s *Sequence, ids []int32) {
	t.Helper()
	if err := s.Append(context.Background(), ids); err != nil {
		t.Fatal(err)
	}
}

// generate collects up to n tokens.
func generate(t testing.TB, s *Sequence, o Sampling) []int32 {
	t.Helper()
	var ids []int32
	for id, err := range s.Generate(context.Background(), o) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

func spell(m *Model, ids []int32) string {
	var b []byte
	for _, id := range ids {
		b = append(b, m.Piece(id)...)
	}
	return string(b)
}

package llama

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// ids are n tokens that mean nothing.
func ids(n, seed int) []int32 {
	r := rand.New(rand.NewPCG(uint64(seed), 0))
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(r.IntN(tinyVocab))
	}
	return out
}

func tinyEngine(t testing.TB, o EngineOptions) *Engine {
	t.Helper()
	if o.ContextPerSequence == 0 {
		o.ContextPerSequence = 256
	}
	return start(t, tiny(t), o)
}

func TestModelWithoutVocabulary(t *testing.T) {
	m := tiny(t)
	if m.HasVocab() || m.NVocab() != tinyVocab || m.NEmbd() != tinyWidth || m.NLayer() != 1 || m.ContextTrained() != tinyContext {
		t.Errorf("vocab %v %d, width %d, layers %d, context %d", m.HasVocab(), m.NVocab(), m.NEmbd(), m.NLayer(), m.ContextTrained())
	}
	if _, err := m.Tokenize("hello", true); !errors.Is(err, ErrNoVocab) {
		t.Errorf("Tokenize: %v, want ErrNoVocab", err)
	}
	if m.BOS() != -1 || m.EOS() != -1 || m.EOT() != -1 || m.AddBOS() || m.IsEOG(2) || m.Piece(2) != nil || m.ChatTemplate() != "" {
		t.Error("a model without vocabulary has special tokens")
	}
	if _, err := m.Template(); err == nil {
		t.Error("a model without template has one")
	}
	s := newSequence(t, start(t, m, EngineOptions{Sequences: 1, ContextPerSequence: 64}))
	appendAll(t, s, ids(5, 1))
	if got := generate(t, s, Sampling{MaxTokens: 7}); len(got) != 7 || s.Len() != 12 || s.Reason() != Length {
		t.Errorf("%d tokens, Len %d, reason %d", len(got), s.Len(), s.Reason())
	}
	for range s.Generate(context.Background(), Sampling{Stop: []string{"x"}}) {
		break
	}
}

func TestEmbeddingsEqualTokens(t *testing.T) {
	m := tiny(t)
	file := tinyGGUF()
	table := file[len(file)-4*tensorNumbers():] // token_embd comes first
	row := func(id int32) []float32 {
		out := make([]float32, tinyWidth)
		for i := range out {
			at := 4 * (int(id)*tinyWidth + i)
			out[i] = math.Float32frombits(uint32(table[at]) | uint32(table[at+1])<<8 | uint32(table[at+2])<<16 | uint32(table[at+3])<<24)
		}
		return out
	}
	e := start(t, m, EngineOptions{Sequences: 2, ContextPerSequence: 128, Batch: 16})
	a, b := newSequence(t, e), newSequence(t, e)
	prompt := ids(40, 2)
	appendAll(t, a, prompt)
	var embd []float32
	for _, id := range prompt[10:] {
		embd = append(embd, row(id)...)
	}
	appendAll(t, b, prompt[:10])
	if err := b.AppendEmbeddings(context.Background(), embd); err != nil {
		t.Fatal(err)
	}
	if b.Len() != 40 || !slices.Equal(a.Logits(), b.Logits()) {
		t.Errorf("embeddings and tokens disagree at %d positions", b.Len())
	}
	if err := b.Truncate(39); err != nil {
		t.Fatal(err)
	}
	for _, err := range b.Generate(context.Background(), Sampling{RepeatPenalty: 1.1}) {
		if err == nil || !strings.Contains(err.Error(), "embedding") {
			t.Errorf("generate after a cut in embeddings: %v", err)
		}
	}
}

func tensorNumbers() int {
	return 2*tinyWidth*tinyVocab + 3*tinyWidth + 4*tinyWidth*tinyWidth + 3*2*tinyWidth*tinyWidth
}

func TestBadInput(t *testing.T) {
	e := tinyEngine(t, EngineOptions{Sequences: 2})
	s := newSequence(t, e)
	ctx := context.Background()
	appendAll(t, s, ids(3, 3))
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	row := make([]float32, tinyWidth)
	for name, f := range map[string]func() error{
		"id too large":      func() error { return s.Append(ctx, []int32{1, tinyVocab}) },
		"id negative":       func() error { return s.Append(ctx, []int32{-1}) },
		"NaN":               func() error { return s.AppendEmbeddings(ctx, append(row[:tinyWidth-1:tinyWidth-1], nan)) },
		"Inf":               func() error { return s.AppendEmbeddings(ctx, append(row[:tinyWidth-1:tinyWidth-1], inf)) },
		"broken row":        func() error { return s.AppendEmbeddings(ctx, row[1:]) },
		"cut below zero":    func() error { return s.Truncate(-1) },
		"cut past the end":  func() error { return s.Truncate(4) },
		"copy of itself":    func() error { return s.CopyFrom(s, 1) },
		"bad temperature":   func() error { return firstError(s, Sampling{Temperature: math.NaN()}) },
		"negative top k":    func() error { return firstError(s, Sampling{TopK: -1}) },
		"range upside down": func() error { return firstError(s, Sampling{Allowed: [][2]int32{{5, 4}}}) },
		"range too far":     func() error { return firstError(s, Sampling{Allowed: [][2]int32{{0, tinyVocab}}}) },
		"empty stop":        func() error { return firstError(s, Sampling{Stop: []string{""}}) },
	} {
		if err := f(); err == nil {
			t.Errorf("%s: no error", name)
		}
		if s.Len() != 3 {
			t.Fatalf("%s: Len is %d", name, s.Len())
		}
	}
	other := newSequence(t, e)
	if err := other.CopyFrom(s, 4); err == nil {
		t.Error("copied more than there is")
	}
	if err := firstError(other, Sampling{}); err == nil {
		t.Error("generated from nothing")
	}
	if err := s.Append(ctx, nil); err != nil || s.Len() != 3 {
		t.Errorf("appending nothing: %v", err)
	}
	generate(t, s, Sampling{MaxTokens: 2})
}

func firstError(s *Sequence, o Sampling) error {
	for _, err := range s.Generate(context.Background(), o) {
		return err
	}
	return nil
}

func TestContextFull(t *testing.T) {
	e := tinyEngine(t, EngineOptions{Sequences: 2, ContextPerSequence: 32, Batch: 8})
	limit := e.Options().ContextPerSequence
	s, neighbour := newSequence(t, e), newSequence(t, e)
	appendAll(t, neighbour, ids(limit, 4))
	if err := s.Append(context.Background(), ids(limit+1, 5)); !errors.Is(err, ErrContextFull) || s.Len() != 0 {
		t.Errorf("a prompt too long: %v, Len %d", err, s.Len())
	}
	appendAll(t, s, ids(limit-4, 5))
	var got []int32
	var last error
	for id, err := range s.Generate(context.Background(), Sampling{}) {
		if last = err; err == nil {
			got = append(got, id)
		}
	}
	if !errors.Is(last, ErrContextFull) || len(got) != 4 || s.Len() != limit || s.Room() != 0 {
		t.Errorf("%d tokens, then %v at %d", len(got), last, s.Len())
	}
	if err := s.Truncate(limit - 4); err != nil {
		t.Fatal(err)
	}
	if again := generate(t, s, Sampling{MaxTokens: 4}); !slices.Equal(again, got) {
		t.Errorf("after the cut %v, before %v", again, got)
	}
}

// Wherever the loop is left, Len tells the truth: the yielded tokens are cached, and going on equals never having stopped.
func TestInterrupt(t *testing.T) {
	e := tinyEngine(t, EngineOptions{Sequences: 2})
	whole := newSequence(t, e)
	prompt := ids(20, 6)
	appendAll(t, whole, prompt)
	want := generate(t, whole, Sampling{MaxTokens: 12})
	for n := 1; n < 12; n++ {
		s := newSequence(t, e)
		appendAll(t, s, prompt)
		ctx, cancel := context.WithCancel(context.Background())
		var got []int32
		var last error
		for id, err := range s.Generate(ctx, Sampling{}) {
			if last = err; err != nil {
				break
			}
			if got = append(got, id); s.Len() != len(prompt)+len(got) {
				t.Fatalf("Len is %d after %d yielded tokens", s.Len(), len(got))
			}
			if len(got) == n && n%2 == 0 {
				break
			}
			if len(got) == n {
				cancel()
			}
		}
		if n%2 == 1 && !errors.Is(last, context.Canceled) {
			t.Errorf("cancelled after %d: %v", n, last)
		}
		if s.Len() != len(prompt)+n || s.Reason() != Interrupted {
			t.Errorf("Len is %d after leaving at %d, reason %d", s.Len(), n, s.Reason())
		}
		got = append(got, generate(t, s, Sampling{MaxTokens: 12 - n})...)
		if !slices.Equal(got, want) {
			t.Errorf("stopped at %d: %v, want %v", n, got, want)
		}
		cancel()
		s.Close()
	}
}

// A cancelled Append leaves the sequence as it was, to the bit, and others unharmed.
func TestCancelAppend(t *testing.T) {
	e := tinyEngine(t, EngineOptions{Sequences: 3, ContextPerSequence: 512, Batch: 8})
	s, other, fresh := newSequence(t, e), newSequence(t, e), newSequence(t, e)
	appendAll(t, s, ids(10, 7))
	before := s.Logits()
	long := ids(500, 8)
	for delay := range 12 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(delay)*100*time.Microsecond)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := other.Append(context.Background(), long[:30]); err != nil {
				t.Error(err)
			}
		})
		err := s.Append(ctx, long)
		cancel()
		wg.Wait()
		if err == nil {
			if s.Len() != 510 {
				t.Errorf("appended, and Len is %d", s.Len())
			}
			if err := s.Truncate(10); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if !errors.Is(err, context.DeadlineExceeded) || s.Len() != 10 || !slices.Equal(s.Logits(), before) {
			t.Errorf("cancelled: %v, Len %d", err, s.Len())
		}
	}
	appendAll(t, fresh, long[:30])
	if err := other.Truncate(30); err != nil {
		t.Fatal(err)
	}
	appendAll(t, s, []int32{1})
}

func TestUsedTwice(t *testing.T) {
	s := newSequence(t, tinyEngine(t, EngineOptions{Sequences: 1}))
	appendAll(t, s, ids(4, 9))
	for range s.Generate(context.Background(), Sampling{MaxTokens: 3}) {
		if err := s.Append(context.Background(), []int32{1}); !errors.Is(err, errInUse) {
			t.Errorf("append inside the loop: %v", err)
		}
		if err := s.Truncate(0); !errors.Is(err, errInUse) {
			t.Errorf("truncate inside the loop: %v", err)
		}
	}
	if s.Len() != 7 {
		t.Errorf("Len is %d", s.Len())
	}
}

// Many calls come, talk, break off and go at once; every sequence comes back and no goroutine stays behind.
func TestCrowd(t *testing.T) {
	e := tinyEngine(t, EngineOptions{Sequences: 8, Batch: 32})
	goroutines := runtime.NumGoroutine()
	prefix, err := e.NewSequence()
	if err != nil {
		t.Fatal(err)
	}
	appendAll(t, prefix, ids(17, 10))
	var wg sync.WaitGroup
	for caller := range 16 {
		wg.Go(func() {
			for round := range 12 {
				crowdTurn(t, e, prefix, caller, round)
			}
		})
	}
	wg.Wait()
	prefix.Close()
	if e.Free() != 8 {
		t.Errorf("%d of 8 sequences are free", e.Free())
	}
	for range 100 {
		if runtime.NumGoroutine() <= goroutines {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), goroutines)
}

func crowdTurn(t *testing.T, e *Engine, prefix *Sequence, caller, round int) {
	s, err := e.NewSequence()
	if errors.Is(err, ErrBusy) {
		return
	}
	defer s.Close()
	s.SetPriority(Class(caller%3)-1, time.Time{})
	if err := s.CopyFrom(prefix, 17); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+caller*round%7)*time.Millisecond)
	defer cancel()
	if err := s.Append(ctx, ids(5+caller*3, caller)); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	n := s.Len()
	for _, err := range s.Generate(ctx, Sampling{Temperature: 1, Seed: uint64(caller), MaxTokens: 10}) {
		if err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			break
		}
		if n++; s.Len() != n {
			t.Errorf("Len is %d, want %d", s.Len(), n)
		}
	}
	if s.Len() != n {
		t.Errorf("Len is %d after the loop, want %d", s.Len(), n)
	}
	if err := s.Truncate(17); err != nil {
		t.Error(err)
	}
}

func TestStoppedEngine(t *testing.T) {
	m := tiny(t)
	e, err := NewEngine(m, EngineOptions{Sequences: 2, ContextPerSequence: 256, Batch: 4})
	if err != nil {
		t.Fatal(err)
	}
	s, idle := newSequence(t, e), newSequence(t, e)
	short, cancelShort := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancelShort()
	if err := s.Append(short, []int32{1}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("append before Run: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	appendAll(t, s, []int32{1, 2})
	if err := e.Close(); err == nil {
		t.Error("closed while running")
	}
	if err := m.Close(); err == nil {
		t.Error("model closed under its engine")
	}
	n := 0
	var last error
	for _, err := range s.Generate(context.Background(), Sampling{}) {
		if last = err; err == nil {
			n++
		}
		if n == 5 {
			cancel()
		}
	}
	if !errors.Is(last, ErrStopped) {
		t.Errorf("generation ended with %v, want ErrStopped", last)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	for name, f := range map[string]func() error{
		"Append":   func() error { return idle.Append(context.Background(), []int32{1}) },
		"Truncate": func() error { return s.Truncate(0) },
		"CopyFrom": func() error { return idle.CopyFrom(s, 1) },
		"Generate": func() error { return firstError(s, Sampling{}) },
		"Run":      func() error { return e.Run(context.Background()) },
	} {
		if err := f(); err == nil {
			t.Errorf("%s works on a stopped engine", name)
		}
	}
	if s.Logits() != nil {
		t.Error("a stopped engine has logits")
	}
	if err := errors.Join(e.Close(), e.Close()); err != nil {
		t.Error(err)
	}
	if _, err := e.NewSequence(); !errors.Is(err, ErrStopped) {
		t.Errorf("NewSequence: %v", err)
	}
}

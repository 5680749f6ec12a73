package llama

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestAnswer(t *testing.T) {
	for _, name := range []string{smol, qwen} {
		t.Run(name, func(t *testing.T) {
			m := load(t, name)
			s := newSequence(t, start(t, m, EngineOptions{Sequences: 1, ContextPerSequence: 256}))
			prompt := tokens(t, m, chat("What is the capital of France?"))
			appendAll(t, s, prompt)
			ids := generate(t, s, Sampling{MaxTokens: 24})
			answer := spell(m, ids)
			t.Log(answer)
			if name == qwen && !strings.Contains(answer, "Paris") || s.Reason() != EndOfReply {
				t.Errorf("answer %q, reason %d", answer, s.Reason())
			}
			if s.Len() != len(prompt)+len(ids) {
				t.Errorf("Len is %d after %d prompt and %d reply tokens", s.Len(), len(prompt), len(ids))
			}
		})
	}
}

// Rolling back, copying and going on gives the same bits as never having left the path.
func TestRollbackAndCopyAreExact(t *testing.T) {
	for _, o := range []EngineOptions{{}, {SharedCache: true}} {
		o.Sequences, o.ContextPerSequence = 3, 256
		m := load(t, smol)
		e := start(t, m, o)
		a, b := newSequence(t, e), newSequence(t, e)
		prompt, more := tokens(t, m, chat("Tell me about the moon.")), tokens(t, m, " Well then, the moon")
		appendAll(t, a, prompt)
		atPrompt := a.Logits()
		appendAll(t, a, more)
		want := a.Logits()

		if err := a.Truncate(len(prompt)); err != nil {
			t.Fatal(err)
		}
		if a.Logits() != nil {
			t.Error("logits survive a cut")
		}
		appendAll(t, a, tokens(t, m, "a wrong branch that is thrown away"))
		if err := a.Truncate(len(prompt)); err != nil {
			t.Fatal(err)
		}
		appendAll(t, a, more)
		if !slices.Equal(a.Logits(), want) {
			t.Error("logits differ after going back and on again")
		}

		if err := b.CopyFrom(a, len(prompt)); err != nil {
			t.Fatal(err)
		}
		if b.Len() != len(prompt) {
			t.Errorf("copy holds %d positions, want %d", b.Len(), len(prompt))
		}
		if err := a.Truncate(0); err != nil { // the copy must not need its source
			t.Fatal(err)
		}
		appendAll(t, b, more)
		if !slices.Equal(b.Logits(), want) {
			t.Error("logits differ on a copy")
		}
		appendAll(t, a, prompt)
		if !slices.Equal(a.Logits(), atPrompt) {
			t.Error("logits differ after starting over")
		}
		if err := b.CopyFrom(a, a.Len()); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(b.Logits(), atPrompt) {
			t.Error("a whole copy lacks its source's logits")
		}
	}
}

// Eight conversations at once say what each says alone, in far fewer steps than one after another.
func TestBatchedEqualsAlone(t *testing.T) {
	m := load(t, smol)
	questions := []string{
		"What is the capital of France?", "Tell me about the moon.", "Who are you?", "Name three colors.",
		"What is 2 plus 2?", "Why is the sky blue?", "Say hello.", "What do cats eat?",
	}
	e := start(t, m, EngineOptions{Sequences: 8, ContextPerSequence: 256})
	const n = 24
	alone := make([][]int32, len(questions))
	for i, q := range questions {
		s := newSequence(t, e)
		appendAll(t, s, tokens(t, m, chat(q)))
		alone[i] = generate(t, s, Sampling{MaxTokens: n})
		s.Close()
	}
	before := e.Steps()
	var wg sync.WaitGroup
	total := 0
	for i, q := range questions {
		total += len(alone[i])
		wg.Go(func() {
			s, err := e.NewSequence()
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if err := s.Append(context.Background(), tokens(t, m, chat(q))); err != nil {
				t.Error(err)
				return
			}
			var got []int32
			for id, err := range s.Generate(context.Background(), Sampling{MaxTokens: n}) {
				if err != nil {
					t.Error(err)
					return
				}
				got = append(got, id)
			}
			if !slices.Equal(got, alone[i]) {
				t.Errorf("%q: together %q, alone %q", q, spell(m, got), spell(m, alone[i]))
			}
		})
	}
	wg.Wait()
	if steps := int(e.Steps() - before); steps > total/2 {
		t.Errorf("%d steps for %d tokens of 8 conversations: not batched", steps, total)
	}
	if e.Free() != 8 {
		t.Errorf("%d of 8 sequences came back", e.Free())
	}
}

func TestBusy(t *testing.T) {
	e := start(t, load(t, smol), EngineOptions{Sequences: 1, ContextPerSequence: 64})
	s := newSequence(t, e)
	if _, err := e.NewSequence(); !errors.Is(err, ErrBusy) {
		t.Errorf("second of one sequence: %v, want ErrBusy", err)
	}
	s.Close()
	s.Close()
	newSequence(t, e)
	if err := s.Append(context.Background(), []int32{1}); !errors.Is(err, errClosed) {
		t.Errorf("append to a closed sequence: %v", err)
	}
}

package small

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"omnilive/model"
)

// open loads the tiny default, or skips where its parts are not there.
func open(t *testing.T) *Model {
	t.Helper()
	models, lib := os.Getenv("OMNILIVE_MODELS"), os.Getenv("OMNILIVE_LIB")
	if models == "" || lib == "" {
		t.Skip("OMNILIVE_MODELS and OMNILIVE_LIB are not set: make test sets them")
	}
	m, err := Open(t.Context(), Config{ModelsDir: models, LibDir: lib, Tiny: true, Threads: 2, Calls: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func talkTo(t *testing.T, m *Model, o model.Options) *Conversation {
	t.Helper()
	c, err := m.NewConversation(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.(*Conversation)
}

// ask collects a reply.
func ask(t *testing.T, c *Conversation, in *model.Input, o model.ReplyOptions) (text string, pieces []model.Piece) {
	t.Helper()
	for p, err := range c.Reply(t.Context(), in, o) {
		if err != nil && !errors.Is(err, model.ErrMaxTokens) {
			t.Fatal(err)
		}
		text += p.Text
		pieces = append(pieces, p)
	}
	return text, pieces
}

// What is said carries its words, its sound and its place in the cache; what is heard is recognized; a barge-in leaves
// exactly the conversation that was heard.
func TestConversation(t *testing.T) {
	m := open(t)
	c := talkTo(t, m, model.Options{})
	text, pieces := ask(t, c, &model.Input{Text: "Tell me two facts about the moon, please."}, model.ReplyOptions{MaxTokens: 60})
	if len(strings.Fields(text)) < 4 {
		t.Fatalf("answer %q", text)
	}
	checkPieces(t, pieces)
	cut := pieces[1].Marks[1]
	if err := c.Truncate(cut.Pos); err != nil {
		t.Fatal(err)
	}
	again, _ := ask(t, c, &model.Input{Text: "And the sun?"}, model.ReplyOptions{MaxTokens: 30, TextOnly: true})

	fresh := talkTo(t, m, model.Options{})
	fresh.mem.toks = slices.Clone(c.mem.toks[:c.mem.starts[1]])
	same, _ := ask(t, fresh, &model.Input{Text: "And the sun?"}, model.ReplyOptions{MaxTokens: 30, TextOnly: true})
	if again != same {
		t.Errorf("after a barge-in %q, fed fresh %q", again, same)
	}
	said := strings.TrimSpace(text[:cut.TextEnd])
	if got := m.detokenize(c.mem.toks[c.mem.starts[0]:c.mem.starts[1]]); !strings.HasSuffix(strings.TrimSpace(got), said) {
		t.Errorf("the model remembers %q, said was %q", got, said)
	}
}

func (m *Model) detokenize(tokens []int32) string {
	var b strings.Builder
	for _, id := range tokens {
		if !m.lm.IsControl(id) {
			b.Write(m.lm.Piece(id))
		}
	}
	return b.String()
}

func checkPieces(t *testing.T, pieces []model.Piece) {
	t.Helper()
	if p := pieces[0]; p.Text != "" || p.PCM != nil || p.Pos == 0 {
		t.Errorf("the first piece is %+v", p)
	}
	pos := pieces[0].Pos
	for _, p := range pieces[1:] {
		if len(p.PCM) < model.OutputRate/10 || len(p.Marks) == 0 {
			t.Fatalf("%q has %d samples and %d marks", p.Text, len(p.PCM), len(p.Marks))
		}
		last := model.Mark{}
		for _, k := range p.Marks {
			if k.Samples < last.Samples || k.TextEnd <= last.TextEnd || k.Pos < pos {
				t.Errorf("%q: mark %+v after %+v, position %d", p.Text, k, last, pos)
			}
			last, pos = k, k.Pos
		}
		if want := (model.Mark{Samples: len(p.PCM), TextEnd: len(p.Text), Pos: p.Pos}); last != want {
			t.Errorf("%q: the last mark is %+v, want %+v", p.Text, last, want)
		}
	}
}

// What the synthesizer says the recognizer hears, and what was read ahead changes no answer.
func TestHear(t *testing.T) {
	m := open(t)
	s := model.Piece{Text: "What is the capital of France?"}
	if err := m.speak(t.Context(), &s, model.ReplyOptions{}); err != nil {
		t.Fatal(err)
	}
	pcm := make([]float32, 0, len(s.PCM))
	for i := 0; i+2 < len(s.PCM); i += 3 { // 24 to 16 kHz, roughly
		pcm = append(pcm, s.PCM[i], (s.PCM[i+1]+s.PCM[i+2])/2)
	}
	pcm = append(pcm, make([]float32, 3000)...)
	ahead, plain := talkTo(t, m, model.Options{}), talkTo(t, m, model.Options{})
	for n := 8000; n < len(pcm); n += 8000 {
		if _, err := ahead.Hear(t.Context(), pcm[:n], model.HearOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	var answers []string
	for _, c := range []*Conversation{ahead, plain} {
		h, err := c.Hear(t.Context(), pcm, model.HearOptions{Final: true})
		if err != nil || !strings.Contains(strings.ToLower(h.Text), "capital of france") || h.Language != "en" {
			t.Fatalf("heard %+v, %v", h, err)
		}
		a, _ := ask(t, c, &model.Input{Heard: true}, model.ReplyOptions{MaxTokens: 20, TextOnly: true})
		answers = append(answers, a)
	}
	if answers[0] != answers[1] || answers[0] == "" {
		t.Errorf("answers %q", answers)
	}
}

// The model takes as many calls as it was told to and no more; a stopped reply gives its place back.
func TestRoom(t *testing.T) {
	m := open(t)
	var open []model.Conversation
	for {
		c, err := m.NewConversation(t.Context(), model.Options{})
		if errors.Is(err, model.ErrBusy) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
	}
	if len(open) != 3 {
		t.Fatalf("%d conversations", len(open))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range open[0].Reply(ctx, &model.Input{Text: "Count to one hundred."}, model.ReplyOptions{TextOnly: true}) {
		if n++; n == 1 {
			cancel()
		} else if !errors.Is(err, context.Canceled) {
			t.Errorf("piece %d after the end: %v", n, err)
		}
	}
	if err := open[0].Instruct(t.Context(), strings.Repeat("word ", 5000), nil); err != nil {
		t.Fatal(err)
	}
	for _, err := range open[0].Reply(t.Context(), &model.Input{Text: "Hello"}, model.ReplyOptions{}) {
		if !errors.Is(err, model.ErrContextFull) {
			t.Errorf("a prompt beyond the window: %v", err)
		}
	}
	for _, c := range open {
		c.Close()
	}
	c, err := m.NewConversation(t.Context(), model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// A talk that is longer than the window goes on: the oldest turns are forgotten, positions never move back, and the system prompt stays.
func TestLongTalk(t *testing.T) {
	m := open(t)
	c := talkTo(t, m, model.Options{})
	last := 0
	for i := range 30 {
		text, _ := ask(t, c, &model.Input{Text: "Tell me something about the number " + strings.Repeat("very ", i%5) + "seven, please."}, model.ReplyOptions{TextOnly: true, MaxTokens: 40})
		if text == "" || c.Len() <= last {
			t.Fatalf("turn %d: %q, length %d after %d", i, text, c.Len(), last)
		}
		last = c.Len()
	}
	c.tidying.Wait()
	if len(c.mem.toks) > c.mem.window || c.mem.shift == 0 || !slices.Equal(c.mem.cached, c.mem.toks[:len(c.mem.cached)]) {
		t.Errorf("holds %d of %d, %d forgotten", len(c.mem.toks), c.mem.window, c.mem.shift)
	}
	head, err := m.head("")
	if err != nil || !slices.Equal(head, c.mem.toks[:c.mem.head]) {
		t.Errorf("the system prompt is %q", m.detokenize(c.mem.toks[:c.mem.head]))
	}
}

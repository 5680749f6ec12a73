package small

import (
	"testing"
	"time"

	"omnilive/model"
)

// Warming finds what an answer costs; answers make all that they need busier, and asking allocates nothing.
func TestWork(t *testing.T) {
	m := open(t)
	if err := m.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c := m.Cost(); c <= 0 {
		t.Errorf("cost %v", c)
	}
	before, began := m.Work(nil), time.Now()
	if len(before) != 4 || before[1] == 0 {
		t.Fatalf("work %v", before)
	}
	c, err := m.NewConversation(t.Context(), model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, err := range c.Reply(t.Context(), &model.Input{Text: "What is the capital of France?"}, model.ReplyOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	after, took := m.Work(nil), time.Since(began)
	for i, name := range []string{"language model", "recognizer", "synthesizer", "all"} {
		if worked := after[i] - before[i]; worked > took || (worked <= 0) != (name == "recognizer") {
			t.Errorf("%s worked %v of %v", name, worked, took)
		}
	}
	room := make([]time.Duration, 0, 8)
	if n := testing.AllocsPerRun(10, func() { room = m.Work(room[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A call waits in silence from its question to the first sound, whatever ends the answer.
func TestTurnGoesFirst(t *testing.T) {
	m := open(t)
	c := talkTo(t, m, model.Options{})
	for _, leave := range []bool{false, true} {
		silent, sounded := true, false
		for p, err := range c.Reply(t.Context(), &model.Input{Text: "What is the capital of France?"}, model.ReplyOptions{MaxTokens: 30}) {
			if err != nil {
				t.Fatal(err)
			}
			silent, sounded = silent && len(p.PCM) == 0, sounded || len(p.PCM) > 0
			if got := m.engine.Turns(); (got == 1) != silent {
				t.Errorf("%d calls have a turn; it is silent: %v", got, silent)
			}
			if leave {
				break
			}
		}
		if sounded == leave {
			t.Errorf("left early: %v, and sounded: %v", leave, sounded)
		}
		if got := m.engine.Turns(); got != 0 {
			t.Errorf("%d calls have a turn behind the answer", got)
		}
	}
}

package live

import (
	"testing"
	"time"

	"omnilive/model"
)

// Warming finds what an answer costs; answers make the parts busy, the background does not, and asking allocates nothing.
func TestWork(t *testing.T) {
	l := open(t, 2)
	if err := l.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c := l.Cost(); c <= 0 {
		t.Errorf("cost %v", c)
	}
	c := begin(t, l)
	defer c.Close()
	before := l.Work(nil)
	if len(before) != 3 {
		t.Fatalf("work %v, want the language model, the networks and what they share", before)
	}
	if err := c.Listen(t.Context(), make([]float32, 4*model.InputRate)); err != nil {
		t.Fatal(err)
	}
	if now := l.Work(nil); now[1] != before[1] {
		t.Errorf("listening took %v", now[1]-before[1])
	}
	began := time.Now()
	answerOf(t, c, &model.Input{Text: "Who are you?"}, model.ReplyOptions{}, 0)
	took := time.Since(began)
	for i, now := range l.Work(nil) {
		if worked := now - before[i]; worked <= 0 || i < 2 && worked > took {
			t.Errorf("part %d worked %v of %v", i, worked, took)
		}
	}
	room := make([]time.Duration, 0, 8)
	if n := testing.AllocsPerRun(10, func() { room = l.Work(room[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

package llama

import (
	"testing"
	"time"
)

// A step counts as work for calls unless only the background wanted it.
func TestBusyTime(t *testing.T) {
	token := part{gen: &generation{}}
	ahead, asked := part{pre: &prefill{class: Background}}, part{pre: &prefill{}}
	for _, c := range []struct {
		name               string
		tokens, embeddings []part
		counts             bool
	}{
		{"nothing", nil, nil, false},
		{"background", []part{ahead}, []part{ahead, ahead}, false},
		{"a token beside it", []part{token, ahead}, nil, true},
		{"a prompt", []part{asked}, nil, true},
		{"a prompt of embeddings", []part{ahead}, []part{ahead, asked}, true},
	} {
		var w work
		w.spent(time.Second, c.tokens, c.embeddings)
		if got := w.busy.Load() > 0; got != c.counts {
			t.Errorf("%s: counted %v", c.name, got)
		}
	}
}

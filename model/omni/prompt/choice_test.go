package prompt

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Where tools may be called, every answer is either spoken or one call, and both come about.
func TestSpeakOrCall(t *testing.T) {
	v := vocabulary(t)
	spoken, called := 0, 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		a := v.NewAnswer(AnswerOptions{
			Speech: true, Pictures: seed%2 == 0, Units: 20, Aloud: &Aloud{Heard: seed%3 == 0, Info: "{}", Words: 10, Calls: true},
		})
		var events []Event
		n := 0
		for ; !a.Ended() && n < 5000; n++ {
			events = append(events, a.Take(anyone(t, a, r, v.Marks.AudioEnd))...)
		}
		if !a.Ended() {
			t.Fatalf("seed %d: no end after %d ids", seed, n)
		}
		speaks := slices.ContainsFunc(events, func(e Event) bool { return e.Kind == UnitsEnd })
		calls := slices.ContainsFunc(events, func(e Event) bool { return e.Kind == ToolCall || e.Kind == Broken })
		if speaks == calls {
			t.Errorf("seed %d: spoken %v, called %v: %s", seed, speaks, calls, tell(events))
		}
		if speaks {
			spoken++
		} else {
			called++
		}
	}
	if spoken < 10 || called < 10 {
		t.Errorf("%d spoken, %d calls", spoken, called)
	}
}

// A message put in part by part is the message.
func TestMessageInParts(t *testing.T) {
	v := vocabulary(t)
	parts := []Part{
		{Kind: Video, Media: Media{Rows: 3, Duration: "1.0s"}},
		{Text: "\n12:31"},
		{Kind: Audio, Media: Media{Rows: 2, Codes: []int32{5, 7}, Duration: "0.08s"}},
		{Kind: Video, Sound: true, Media: Media{Rows: 3, Sound: 2, Duration: "1.0s"}},
		{Text: "무엇이 보이나요?"},
	}
	ids := func(c *Conversation) []int32 {
		pieces, err := v.Prompt(c, Rows)
		if err != nil {
			t.Fatal(err)
		}
		return v.Flatten(pieces)
	}
	whole := ids(&Conversation{Messages: []Message{{Role: "user", Parts: parts}}, Before: Counters{Video: 5}})
	var got []int32
	before := Counters{Video: 5}
	for i, p := range parts {
		m := Message{Role: "user", Parts: []Part{p}, Open: true, Resumed: i > 0}
		got = append(got, ids(&Conversation{Messages: []Message{m}, Before: before})...)
		before.Count(m)
	}
	got = append(got, ids(&Conversation{Messages: []Message{{Role: "user", Resumed: true}}, Before: before})...)
	if !slices.Equal(got, whole) {
		text := func(ids []int32) (s string) {
			for _, id := range ids {
				s += string(v.Tokenizer.Bytes(id))
			}
			return s
		}
		t.Errorf("in parts\n%s\nwhole\n%s", strings.ReplaceAll(text(got), "\n", "⏎"), strings.ReplaceAll(text(whole), "\n", "⏎"))
	}
}

package live

import (
	"context"
	"slices"
	"strings"
	"testing"

	"omnilive/model"
	"omnilive/model/omni"
)

// Instructions for one answer stand in front of it and nowhere else: what comes next is answered as if they had never been in the
// window, also where the answer was interrupted.
func TestInstructionsOfOneReply(t *testing.T) {
	l := openWith(t, 2, 4096, Options{System: "You are CLOVA X.", Words: 8, Units: 20})
	const verses = "<|im_start|>system\nAnswer in verse.<|im_end|>\n<|im_start|>assistant\n"
	for _, leave := range []int{0, 1} {
		c := begin(t, l)
		plain := answerOf(t, c, &model.Input{Text: "Hello."}, model.ReplyOptions{}, 0)
		if err := c.Truncate(c.answer.s.at + c.shift); err != nil {
			t.Fatal(err)
		}
		verse := answerOf(t, c, nil, model.ReplyOptions{Instructions: "Answer in verse."}, leave)
		if verse.text == plain.text {
			t.Error("the instructions change nothing")
		}
		if !strings.Contains(c.holds(), verses) {
			t.Errorf("the window holds\n%s", c.holds())
		}
		if leave > 0 {
			if err := c.Truncate(verse.pieces[0].Pos); err != nil {
				t.Fatal(err)
			}
		}
		base := c.Len()
		got := answerOf(t, c, &model.Input{Text: "And now?"}, model.ReplyOptions{}, 0)
		if strings.Contains(c.holds(), "verse") {
			t.Errorf("the window still holds\n%s", c.holds())
		}
		if want := filledAfresh(t, l, c); !slices.Equal(c.answer.ids, want) {
			t.Errorf("%v, with a fresh window %v", c.answer.ids, want)
		}
		if got.all[0].Pos <= base || c.w.Len() != c.log.last().end() || c.shift == 0 {
			t.Errorf("the question begins at %d, its answer at %d", base, got.all[0].Pos)
		}
		if err := c.Truncate(base); err != nil || c.Len() != base {
			t.Errorf("cut to %d: %v, %d", base, err, c.Len())
		}
		c.Close()
	}
}

// filledAfresh has the newest answer made again in a window that is filled at once with what stands before it.
func filledAfresh(t *testing.T, l *Model, c *Conversation) (ids []int32) {
	t.Helper()
	ctx := context.Background()
	w, err := l.m.NewWindow()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, s := range c.log.all {
		all := s.feeds
		if s.answer == c.answer {
			all = s.feeds[:1]
		}
		if err := feedTo(ctx, w, all); err != nil {
			t.Fatal(err)
		}
	}
	o, err := (&reply{c: c}).options()
	if err != nil {
		t.Fatal(err)
	}
	o.Taken = func(id int32) { ids = append(ids, id) }
	for _, err := range w.Answer(ctx, o) {
		if err != nil && err != omni.ErrLength {
			t.Fatal(err)
		}
	}
	return ids
}

// Sound without words is not taken for the words that came before it.
func TestNoWordsInWhatWasHeard(t *testing.T) {
	words := "What is it?"
	l := openWith(t, 1, 4096, Options{Words: 8, Units: 20, Recognizer: func(context.Context, []float32, model.HearOptions) (model.Transcript, error) {
		return model.Transcript{Text: words}, nil
	}})
	c := begin(t, l)
	defer c.Close()
	x := wave(t, "question.wav")
	ask(t, c, x, 0)
	words = ""
	if _, err := c.Hear(context.Background(), x, model.HearOptions{Final: true}); err != nil {
		t.Fatal(err)
	}
	for _, err := range c.Reply(context.Background(), &model.Input{Heard: true}, model.ReplyOptions{}) {
		if err == nil || !strings.Contains(err.Error(), "nothing was heard") {
			t.Errorf("an answer to what was not said: %v", err)
		}
		break
	}
}

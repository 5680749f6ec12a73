package live

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"omnilive/model"
)

// tone is a recording: two seconds of a chord.
func tone(hz float64) []float32 {
	x := make([]float32, 2*model.OutputRate)
	for i := range x {
		t := float64(i) / model.OutputRate
		x[i] = float32(0.2*math.Sin(2*math.Pi*hz*t) + 0.1*math.Sin(2*math.Pi*2.7*hz*t))
	}
	return x
}

// An answer in a cloned voice, the conversation's or the reply's, is what that voice makes of its units.
func TestClonedVoice(t *testing.T) {
	l := open(t, 2)
	ctx := context.Background()
	name, err := l.CloneVoice(ctx, tone(180))
	if err != nil || !strings.HasPrefix(name, "like-") {
		t.Fatalf("%q, %v", name, err)
	}
	if again, err := l.CloneVoice(ctx, tone(180)); err != nil || again != name {
		t.Errorf("the same recording is %q, was %q: %v", again, name, err)
	}
	v, err := l.m.VoiceLike(ctx, tone(180))
	if err != nil {
		t.Fatal(err)
	}
	named, err := l.m.Voice(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []struct {
		talk  model.Options
		reply model.ReplyOptions
	}{{talk: model.Options{Voice: name}}, {reply: model.ReplyOptions{Voice: name}}} {
		talk, err := l.NewConversation(ctx, o.talk)
		if err != nil {
			t.Fatal(err)
		}
		c := talk.(*Conversation)
		got := answerOf(t, c, &model.Input{Text: "Say something."}, o.reply, 0)
		units := c.answer.units
		c.Close()
		want, err := l.m.Speak(ctx, units, v)
		if err != nil {
			t.Fatal(err)
		}
		other, err := l.m.Speak(ctx, units, named)
		if err != nil {
			t.Fatal(err)
		}
		first := firstChunk * 960
		if len(got.pcm) != len(want) || worst(got.pcm[first:], want[first:]) > 1e-5 {
			t.Fatalf("%+v: %d samples that are not those of VoiceLike, %d", o, len(got.pcm), len(want))
		}
		if worst(want[first:], other[first:]) < 1e-3 {
			t.Error("the cloned voice sounds like the default one")
		}
	}
}

func TestVoiceThatIsNotKept(t *testing.T) {
	l := open(t, 1)
	c := begin(t, l)
	defer c.Close()
	var err error
	for _, err = range c.Reply(context.Background(), &model.Input{Text: "Hello."}, model.ReplyOptions{Voice: "like-0123456789abcdef"}) {
		if err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "give its recording again") {
		t.Errorf("an unknown voice: %v", err)
	}
}

func TestSpeakLike(t *testing.T) {
	l := open(t, 1)
	if err := l.SpeakLike(context.Background(), tone(220)); err != nil {
		t.Fatal(err)
	}
	voices := l.Abilities().Voices
	if len(voices) < 2 || !strings.HasPrefix(voices[0], "like-") || slices.Contains(voices[1:], voices[0]) {
		t.Errorf("voices %v", voices)
	}
}

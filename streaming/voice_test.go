package streaming

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"omnilive/model"
)

// CloneVoice takes half a second; a recording that begins with 0 is silent.
func (m *fakeModel) CloneVoice(ctx context.Context, samples []float32) (string, error) {
	select {
	case <-time.After(500 * time.Millisecond):
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if samples[0] == 0 {
		return "", errors.New("the recording is silent")
	}
	return fmt.Sprintf("like-%g", samples[0]), nil
}

// An answer goes on while a voice is being made, and the next one is in it.
func TestReference(t *testing.T) {
	s := newScene(9000, span{500, 1500})
	s.do[2400] = UpdateSession{EventID: "a", Update: Update{Reference: []float32{0.5}}}
	s.do[4000] = UpdateSession{EventID: "b", Update: Update{Voice: new("heart")}}
	s.do[5000] = UpdateSession{EventID: "c", Update: Update{Voice: new("like-0.5")}}
	s.do[5100] = UpdateSession{EventID: "d", Update: Update{Voice: new("like-0.6")}}
	s.do[5200] = UpdateSession{EventID: "e", Update: Update{Reference: []float32{0}}}
	s.run(t)
	if d, _ := find[ResponseDone](t, s, 0); d.Response.Status != StatusCompleted {
		t.Errorf("the answer under way: %+v", d.Response)
	}
	var got []string
	for i, e := range s.events {
		switch e := e.(type) {
		case SessionUpdated:
			got = append(got, fmt.Sprint(e.Settings.Voice, " ", e.Settings.IsCloned()))
			if e.Settings.Voice == "like-0.5" && len(got) == 1 && s.at[i] < 2900 {
				t.Errorf("told at %d ms", s.at[i])
			}
		case Failed:
			got = append(got, e.Err.EventID+" "+e.Err.Param+" "+e.Err.Message)
		}
	}
	want := []string{
		"like-0.5 true", "heart false", "like-0.5 true",
		"d session.audio.output.voice voice \"like-0.6\" is not one of [heart]",
		"e session.audio.output.voice no voice can be made of the reference: the recording is silent",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTooManyReferences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Session{cfg: Config{Model: &fakeModel{}}}
		for _, first := range []float32{1, 1, 2, 3, 4, 5, 1, 6, 7, 8} { // the same recording again is none more
			if u := s.clone(t.Context(), Update{Reference: []float32{first}}); u.refused != nil {
				t.Fatal(u.refused)
			}
		}
		if u := s.clone(t.Context(), Update{Reference: []float32{9}}); u.refused == nil || u.Voice != nil {
			t.Errorf("one more: %+v", u)
		}
		other := &Session{cfg: Config{Model: mute{&fakeModel{}}}}
		if u := other.clone(t.Context(), Update{Reference: []float32{1}}); u.refused == nil || !strings.Contains(u.refused.Message, "own voices") {
			t.Errorf("a model that cannot: %+v", u)
		}
	})
}

// mute is a model that clones no voices.
type mute struct{ model.Model }

// able is a model that can do something else.
type able struct {
	model.Model
	can model.Abilities
}

func (a able) Abilities() model.Abilities { return a.can }

// The client learns what the model can do beyond talking.
func TestCan(t *testing.T) {
	s := newScene(1000)
	s.run(t)
	if c, _ := find[SessionCreated](t, s, 0); c.Settings.Can != (Can{Sees: true, Draws: true, Calls: true, Clones: true}) {
		t.Errorf("told %+v", c.Settings.Can)
	}
	for _, c := range []struct {
		able model.Abilities
		want Can
	}{
		{model.Abilities{Sees: true}, Can{Sees: true}},
		{model.Abilities{Draws: true}, Can{Draws: true}},
		{model.Abilities{Calls: true}, Can{Calls: true}},
	} {
		if got := can(able{mute{&fakeModel{}}, c.able}); got != c.want {
			t.Errorf("a model that has %+v and its own voices only: %+v", c.able, got)
		}
	}
}

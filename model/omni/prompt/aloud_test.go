package prompt

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// anyone picks what comes next: a forced id, else often one of the wanted ones, else any allowed one.
func anyone(t *testing.T, a *Answer, r *rand.Rand, wanted ...int32) int32 {
	t.Helper()
	s := a.Next()
	if len(s.Forced) > 0 {
		return s.Forced[0]
	}
	for _, id := range wanted {
		for _, span := range s.Allowed {
			if id >= span[0] && id <= span[1] && r.IntN(2) == 0 {
				return id
			}
		}
	}
	if len(s.Allowed) == 0 {
		t.Fatalf("nothing is allowed in mode %d", a.mode)
	}
	span := s.Allowed[r.IntN(len(s.Allowed))]
	return span[0] + r.Int32N(span[1]-span[0]+1)
}

// Whatever the model would rather do, an answer that must be spoken is.
func TestAloudIsAlwaysSpoken(t *testing.T) {
	v := vocabulary(t)
	for _, c := range []struct {
		aloud Aloud
		kinds []EventKind // that come, in this order
	}{
		{Aloud{Words: 20}, []EventKind{SpeakerInfo, Unit, UnitsEnd, End}},
		{Aloud{Heard: true, Words: 20}, []EventKind{SpeakerInfo, Unit, UnitsEnd, End}},
		{Aloud{Heard: true, Words: 20, Info: `{"gender": "f"}`}, []EventKind{SpeakerInfo, Unit, UnitsEnd, End}},
	} {
		for seed := range uint64(30) {
			r := rand.New(rand.NewPCG(seed, 1))
			a := v.NewAnswer(AnswerOptions{Speech: true, Aloud: &c.aloud, Units: 40})
			var events []Event
			n := 0
			for ; !a.Ended() && n < 2000; n++ {
				id := anyone(t, a, r, v.Marks.TurnEnd, v.Marks.AudioEnd)
				events = append(events, a.Take(id)...)
			}
			said := tell(events)
			at := 0
			for _, k := range c.kinds {
				next := slices.IndexFunc(events[at:], func(e Event) bool { return e.Kind == k })
				if next < 0 {
					t.Fatalf("seed %d: no %s after %d ids: %s", seed, eventNames[k], n, said)
				}
				at += next
			}
			if c.aloud.Info != "" && !strings.Contains(said, "speaker:"+c.aloud.Info) {
				t.Errorf("seed %d: %s", seed, said)
			}
		}
	}
}

// What is put in is the tags of the reference's own spoken answers.
func TestAloudPutsTheTagsIn(t *testing.T) {
	v := vocabulary(t)
	a := v.NewAnswer(AnswerOptions{Speech: true, Units: 1, Aloud: &Aloud{Heard: true, Info: `{"gender": "m"}`}})
	words := map[mode][]int32{}
	for m, text := range map[mode]string{inUser: "hi</user_transcript>", inTranscript: "ho</assistant_transcript>"} {
		ids, err := v.Text(text)
		if err != nil {
			t.Fatal(err)
		}
		words[m] = ids
	}
	var ids []int32
	for !a.Ended() && len(ids) < 500 {
		id := v.Units.First
		s := a.Next()
		switch {
		case len(s.Forced) > 0:
			id = s.Forced[0]
		case len(words[a.mode]) > 0:
			id, words[a.mode] = words[a.mode][0], words[a.mode][1:]
		}
		ids = append(ids, id)
		a.Take(id)
	}
	want := "<user_transcript>hi</user_transcript>\n<assistant_transcript>ho</assistant_transcript>\n<audio_decoder_call>\n" +
		`<speaker_info>{"gender": "m"}</speaker_info>` + "\n<discrete_audio>\n<|discrete_audio_start|><|audio0000|><|discrete_audio_end|>" +
		"</discrete_audio>\n</audio_decoder_call><|im_end|>"
	got := ""
	for _, id := range ids {
		got += v.Tokenizer.Bytes(id)
	}
	if got != want {
		t.Errorf("%q,\nwant %q", got, want)
	}
}

func TestWithoutStops(t *testing.T) {
	v := &Vocabulary{Stops: []int32{0, 5, 9}}
	got := v.withoutStops([][2]int32{{0, 2}, {4, 6}, {8, 9}, {11, 12}})
	if want := [][2]int32{{1, 2}, {4, 4}, {6, 6}, {8, 8}, {11, 12}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

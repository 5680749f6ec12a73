package prompt

import (
	"slices"
	"strings"
	"testing"
)

// allNames is a text with the name of every added token.
func allNames(v *Vocabulary) string {
	var b strings.Builder
	for id := range int32(v.Tokenizer.Size()) {
		if v.Tokenizer.IsAdded(id) {
			b.WriteString(v.Tokenizer.Bytes(id))
		}
	}
	return b.String()
}

func added(v *Vocabulary, pieces []Piece) (ids []int32) {
	for _, id := range v.Flatten(pieces) {
		if v.Tokenizer.IsAdded(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Whoever says whatever: the control tokens of a prompt are those of its form.
func TestNobodySteers(t *testing.T) {
	v := vocabulary(t)
	shape := func(said string, trusted bool) Conversation {
		quoted := []byte(`{"` + said + `": "` + said + `", "n": ["` + said + `"]}`)
		c := Conversation{Tools: []Tool{{JSON: quoted}}, Generation: true}
		c.Messages = []Message{Say("system", said), Say("user", said), Say("assistant", "x"+said), Say("tool", said), Say("user", said)}
		c.Messages[2].Reasoning = &said
		c.Messages[2].Calls = []Call{{Name: said, Arguments: quoted}}
		c.Messages[3].Name = said
		c.Messages[0].Trusted = trusted
		return c
	}
	evil, plain := shape(allNames(v), false), shape("word", false)
	var got [2][]int32
	for i, c := range []*Conversation{&evil, &plain} {
		pieces, err := v.Prompt(c, Rows)
		if err != nil {
			t.Fatal(err)
		}
		got[i] = added(v, pieces)
	}
	if !slices.Equal(got[0], got[1]) {
		t.Errorf("control tokens %v, want %v", got[0], got[1])
	}
	trusted := shape(allNames(v), true)
	pieces, err := v.Prompt(&trusted, Rows)
	if err != nil || len(added(v, pieces)) <= len(got[1]) {
		t.Errorf("a trusted text has no control tokens (%v)", err)
	}
	for _, ids := range [][]int32{must(t)(v.OpenTranscript(allNames(v))), must(t)(v.CloseTranscript(allNames(v))), must(t)(v.Speak(allNames(v), allNames(v), "{}"))} {
		for _, id := range ids {
			if v.Tokenizer.IsAdded(id) && id != v.Marks.AudioStart {
				t.Errorf("a transcript has the token %s", v.Tokenizer.Bytes(id))
			}
		}
	}
}

func must(t *testing.T) func([]int32, error) []int32 {
	return func(ids []int32, err error) []int32 {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
}

// Arguments come as an object or, as OpenAI's interface has them, as a string that holds one.
func TestPackedArguments(t *testing.T) {
	var texts [2]string
	for i, arguments := range []string{`{"b": 1, "a": "x"}`, `"{\"b\": 1, \"a\": \"x\"}"`} {
		c := Conversation{Messages: []Message{{Role: "assistant", Calls: []Call{{Name: "f", Arguments: []byte(arguments)}}}}}
		segments, err := c.Render()
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = Join(segments)
	}
	if texts[0] != texts[1] || !strings.Contains(texts[0], "<arg_value>x</arg_value>") {
		t.Errorf("%q and %q", texts[0], texts[1])
	}
}

func codes(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i % 81)
	}
	return out
}

func TestExpand(t *testing.T) {
	v := vocabulary(t)
	c := Conversation{Messages: []Message{{Role: "user", Parts: []Part{
		{Kind: Image, Media: Media{Rows: 5, Codes: codes(9), Width: 4, Height: 3}},
		{Kind: Audio, Media: Media{Rows: 2, Codes: codes(3), Duration: "0.12s"}},
		{Kind: Video, Sound: true, Media: Media{Rows: 7, Sound: 1}},
		{Kind: Audio, Media: Media{}},
	}}}, Before: Counters{Image: 3}}
	for block, size := range map[Block]int{Rows: 1 + 9 + 3 + 1, Bare: 1 + 9} {
		pieces, err := v.Prompt(&c, block)
		if err != nil {
			t.Fatal(err)
		}
		var places []Piece
		ids := v.Flatten(pieces)
		for _, p := range pieces {
			if p.Rows > 0 {
				places = append(places, Piece{Slot: p.Slot, Item: p.Item, Rows: p.Rows})
			}
		}
		want := []Piece{{Slot: ImageRows, Rows: 5}, {Slot: AudioRows, Rows: 2}, {Slot: VideoRows, Rows: 7}, {Slot: SoundRows, Rows: 1}}
		if len(places) != len(want) {
			t.Fatalf("places %v, want %v", places, want)
		}
		for i := range want {
			if places[i].Slot != want[i].Slot || places[i].Item != want[i].Item || places[i].Rows != want[i].Rows {
				t.Errorf("place %d: %+v, want %+v", i, places[i], want[i])
			}
		}
		from, to := slices.Index(ids, v.Marks.ImageStart), slices.Index(ids, v.Marks.ImageEnd)
		if to-from-1 != size || v.Tokenizer.Bytes(ids[from+1]) != "<|vision_ratio_4:3|>" {
			t.Errorf("a picture of %d ids, want %d, begins with %s", to-from-1, size, v.Tokenizer.Bytes(ids[from+1]))
		}
		if text := v.Tokenizer.Decode(ids, false); !strings.Contains(text, "image_03") || !strings.Contains(text, "audio_01") || !strings.Contains(text, `"0.12s"`) {
			t.Errorf("prompt %s", text)
		}
	}
}

func TestExpandRefuses(t *testing.T) {
	v := vocabulary(t)
	for _, p := range []Part{
		{Kind: Image, Media: Media{Rows: 1}},
		{Kind: Image, Media: Media{Codes: codes(8)}},
		{Kind: Image, Media: Media{Codes: []int32{256}}},
		{Kind: Image, Media: Media{Codes: []int32{-1}}},
		{Kind: Image, Media: Media{Codes: codes(1 << 20)}},
		{Kind: Audio, Media: Media{Codes: []int32{82}}},
		{Kind: Audio, Media: Media{Codes: []int32{-1}}},
		{Kind: Audio, Media: Media{Rows: -1}},
		{Kind: Video, Media: Media{Rows: 1 << 30}},
		{Kind: Kind(9)},
	} {
		if _, err := v.Prompt(&Conversation{Messages: []Message{{Role: "user", Parts: []Part{p}}}}, Rows); err == nil {
			t.Errorf("kind %d with %d rows and %d codes was taken", p.Kind, p.Media.Rows, len(p.Media.Codes))
		}
	}
	for _, c := range []Conversation{
		{Messages: []Message{Say("owner", "x")}},
		{Tools: []Tool{{JSON: []byte("{")}}},
		{Messages: []Message{{Role: "assistant", Calls: []Call{{Name: "f", Arguments: []byte("[]")}}}}},
		{Messages: []Message{Say("user", strings.Repeat("a", 5<<20))}},
	} {
		if _, err := v.Prompt(&c, Rows); err == nil {
			t.Errorf("%.60v was taken", c.Messages)
		}
	}
}

// A window that goes on holds the same ids as the whole conversation rendered at once, where no answer stands between.
func TestWindowGoesOn(t *testing.T) {
	v := vocabulary(t)
	part := Part{Kind: Audio, Media: Media{Rows: 2, Codes: codes(2), Duration: "0.08s"}}
	first, second := Message{Role: "user", Parts: []Part{part}}, Message{Role: "user", Parts: []Part{part, {Text: " and?"}}}
	whole, err := v.Prompt(&Conversation{Messages: []Message{first, second}, Generation: true}, Rows)
	if err != nil {
		t.Fatal(err)
	}
	a, err := v.Prompt(&Conversation{Messages: []Message{first}}, Rows)
	if err != nil {
		t.Fatal(err)
	}
	b, err := v.Prompt(&Conversation{Messages: []Message{second}, Generation: true, Before: Counters{Audio: 1}}, Rows)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(v.Flatten(whole), append(v.Flatten(a), v.Flatten(b)...)) {
		t.Error("turn by turn gives other ids")
	}
}

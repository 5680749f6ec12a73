package prompt

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var eventNames = map[EventKind]string{
	Words: "words", Reasoning: "reasoning", UserTranscript: "user", Transcript: "transcript", SpeakerInfo: "speaker", Unit: "unit",
	UnitsEnd: "units-end", Code: "code", Picture: "picture", ToolCall: "call", Broken: "broken", End: "end",
}

// tell writes events, with neighbours of the same kind joined.
func tell(events []Event) string {
	var parts []string
	last := End
	for _, e := range events {
		switch {
		case len(parts) > 0 && e.Kind == last && e.Kind <= Transcript:
			parts[len(parts)-1] += e.Text
		case e.Kind == Unit || e.Kind == Code:
			if e.Kind != last || len(parts) == 0 {
				parts = append(parts, eventNames[e.Kind]+":")
			} else {
				parts[len(parts)-1] += ","
			}
			parts[len(parts)-1] += fmt.Sprint(e.Code)
		case e.Kind == Picture:
			parts = append(parts, fmt.Sprintf("picture:%d of %s", len(e.Codes), e.Ratio))
		case e.Kind == ToolCall:
			parts = append(parts, fmt.Sprintf("call:%s%s", e.Call.Name, e.Call.Arguments))
		case e.Kind == End || e.Kind == UnitsEnd:
			parts = append(parts, eventNames[e.Kind])
		default:
			parts = append(parts, eventNames[e.Kind]+":"+e.Text)
		}
		last = e.Kind
	}
	return strings.Join(parts, "|")
}

func follow(a *Answer, ids []int32) (events []Event) {
	for _, id := range ids {
		events = append(events, a.Take(id)...)
	}
	return append(events, a.End()...)
}

// spelled gives the ids of text with only units, codes and marks as added tokens, letter by letter: every tag is split.
func spelled(t testing.TB, v *Vocabulary, text string) (ids []int32) {
	t.Helper()
	own, err := v.Text(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range own {
		if v.Tokenizer.IsSpecial(id) || v.Units.Has(id) || v.Mute.Has(id) || v.Codes.Has(id) || strings.HasPrefix(v.Tokenizer.Bytes(id), "<|vision_") {
			ids = append(ids, id)
			continue
		}
		for _, b := range []byte(v.Tokenizer.Bytes(id)) {
			letter, ok := v.Tokenizer.ID(string(rune(b)))
			if b <= ' ' || b > '~' || !ok {
				part, err := v.Tokenizer.Encode(string(rune(b)), false)
				if err != nil || b > '~' {
					return nil
				}
				ids = append(ids, part...)
				continue
			}
			ids = append(ids, letter)
		}
	}
	return ids
}

const weather = `{"type":"function","function":{"name":"w","parameters":{"properties":{"city":{"type":"string"},"days":{"type":"integer"}}}}}`

func TestAnswers(t *testing.T) {
	v := vocabulary(t)
	picture := "<|discrete_image_start|><|vision_ratio_4:3|>" + strings.Repeat(strings.Repeat("<|vision00007|>", 27)+"<|vision_eol|>", 27) +
		"<|vision_eof|><|discrete_image_end|>"
	codes := "code:" + strings.Repeat("7,", 728) + "7|picture:729 of 4:3"
	for _, c := range []struct {
		text     string
		thinking bool
		want     string
	}{
		{"hello<|im_end|>ignored", false, "words:hello|end"},
		{"\n\nhello\nworld\n<|im_end|>", false, "words:hello\nworld|end"},
		{"hello", false, "words:hello"},
		{"\nwell\n</think>\n\nok<|im_end|>", true, "reasoning:well|words:ok|end"},
		{"<think>\nwell\n</think>\n\nok<|im_end|>", true, "reasoning:well|words:ok|end"},
		{"<think>a</think>b<think>c", false, "reasoning:a|words:b|reasoning:c"},
		{"a < b <c> <thin <tool_cal", false, "words:a < b <c> <thin <tool_cal"},
		{
			"<user_transcript>hi?</user_transcript>\n<assistant_transcript>yes</assistant_transcript>\n<audio_decoder_call>\n<speaker_info>{\"gender\": \"f\"}" +
				"</speaker_info>\n<discrete_audio>\n<|discrete_audio_start|><|audio0003|><|audio0081|><|audio0000|><|discrete_audio_end|></discrete_audio>\n</audio_decoder_call><|im_end|>",
			false, "user:hi?|transcript:yes|speaker:{\"gender\": \"f\"}|unit:3,0|units-end|end",
		},
		{"hello\n\n{\"gender\": \"m\"}\n\n<|audio0001|><|audio0002|><|im_end|>", false, "words:hello|speaker:{\"gender\": \"m\"}|unit:1,2|units-end|end"},
		{"hello\n\n{}\n\n<|discrete_audio_start|><|audio0001|><|discrete_audio_end|>more", false, "words:hello|speaker:{}|unit:1|units-end|words:more"},
		{"<audio_decoder_call>{\"is_ref_audio\": true}\n<|audio0001|></audio_decoder_call>", false, "speaker:{\"is_ref_audio\": true}|unit:1|units-end"},
		{"hi\n{\"a\": 1}\nthere", false, "words:hi\n{\"a\": 1}\nthere"},
		{"hi\n{\"a\": 1", false, "words:hi\n{\"a\": 1"},
		{"x\n{}\n<think>{}<|audio0001|>", false, "words:x\n{}|reasoning:{}|unit:1|units-end"},
		{"<|audio0005|>text<|audio0006|>", false, "unit:5|units-end|words:text|unit:6|units-end"},
		{"see: " + picture + "\nnice<|im_end|>", false, "words:see: |" + codes + "|words:nice|end"},
		{DrawTool + "\n" + DrawArgument + "\n" + picture, false, codes},
		{
			"<tool_call>" + DrawTool + "\n<arg_key>" + DrawArgument + "</arg_key>\n<arg_value>" + picture + "</arg_value>\n</tool_call><|im_end|>",
			false, codes + "|call:" + DrawTool + `{"discrete_image_token": ""}|end`,
		},
		{"<|discrete_image_start|><|vision00001|><|vision00002|><|discrete_image_end|>x", false, "code:1,2|picture:2 of 0:0|words:x"},
		{"<|vision00001|>x", false, "code:1|picture:1 of 0:0|words:x"},
		{
			"ok\n<tool_call>w\n<arg_key>city</arg_key>\n<arg_value>12</arg_value>\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>\n<tool_call>g\n</tool_call><|im_end|>",
			false, `words:ok|call:w{"city": "12", "days": 2}|call:g{}|end`,
		},
		{"<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>x y\n<arg_key>b</arg_key>\n<arg_value>{\"n\":[1]}\n</tool_call>", false, `call:f{"a": "x y", "b": {"n": [1]}}`},
		{"<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>1</arg_value>\n<|im_end|>", false, `call:f{"a": 1}|end`},
		{"<tool_call>f\n<arg_key>a</arg_key>", false, "broken:a tool call that is not whole"},
		{"<tool_call>\n</tool_call>x", false, `broken:a tool call without a name: "\n"|words:x`},
		{"<tool_call>f\n<arg_key>a\n</tool_call>x", false, `broken:tool call f: a key is not closed: "a\n"|words:x`},
		{"a<|IMAGE_PAD|><|begin_of_text|><|im_start|>b", false, "words:ab"},
	} {
		ids, err := v.Text(c.text)
		if err != nil {
			t.Fatal(err)
		}
		for _, ids := range [][]int32{ids, spelled(t, v, c.text)} {
			a := v.NewAnswer(AnswerOptions{Thinking: c.thinking, Tools: []Tool{{JSON: []byte(weather)}}})
			if got := tell(follow(a, ids)); got != c.want {
				t.Errorf("%.200q:\n got %.300s\nwant %.300s", c.text, got, c.want)
			}
		}
	}
}

// Text goes out as it comes, but for what may still be part of a tag.
func TestAnswersStream(t *testing.T) {
	v := vocabulary(t)
	a := v.NewAnswer(AnswerOptions{})
	for _, c := range []struct{ in, want string }{
		{"Hello", "Hello"},
		{" <", " "},
		{"b", "<b"},
		{"\n", ""},
		{"x", "\nx"},
		{"<assistant_", ""},
		{"transcript>", ""},
		{"yes", "yes"},
		{"</as", ""},
		{"k>", "</ask>"},
	} {
		ids, err := v.Tokenizer.Encode(c.in, false)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, id := range ids {
			for _, e := range a.Take(id) {
				got += e.Text
			}
		}
		if got != c.want {
			t.Errorf("%q tells %q, want %q", c.in, got, c.want)
		}
	}
}

// Restricted to what Next allows, even a model of noise writes answers that are well formed.
func TestNoiseStaysWellFormed(t *testing.T) {
	v := vocabulary(t)
	opening := map[string][]int32{
		"speech":  must(t)(v.Speak("hi", "yes", "{}")),
		"call":    must(t)(v.Text("<assistant_transcript>yes</assistant_transcript>\n<audio_decoder_call>")),
		"drawing": must(t)(v.Draw(v.Ratios[3])),
		"tool":    must(t)(v.Text("<tool_call>" + DrawTool + "\n")),
		"bare":    {v.Marks.ImageStart},
		"free":    nil,
	}
	for name, ids := range opening {
		for seed := range uint64(5) {
			a := v.NewAnswer(AnswerOptions{Speech: true, Pictures: true, Units: 50})
			r := rand.New(rand.NewPCG(seed, 7))
			informing := must(t)(v.Text("{}</speaker_info>")) // which noise would not hit upon
			var events []Event
			for _, id := range ids {
				events = append(events, a.Take(id)...)
			}
			steps := 0
			for ; (steps < 3000 || a.mode == inPicture || a.mode == inUnits) && !a.Ended(); steps++ {
				id := pick(t, v, a.Next(), r)
				if a.mode == inSpeaker && len(informing) > 0 {
					id, informing = informing[0], informing[1:]
				}
				events = append(events, a.Take(id)...)
			}
			checkNoise(t, v, name, append(events, a.End()...))
		}
	}
}

// pick takes a forced id, or one of the allowed, ends of blocks more often than their share.
func pick(t *testing.T, v *Vocabulary, s Step, r *rand.Rand) int32 {
	t.Helper()
	if len(s.Forced) > 0 {
		return s.Forced[0]
	}
	if len(s.Allowed) == 0 {
		t.Fatal("nothing is allowed")
	}
	for _, p := range []int32{v.BOS, v.Mute.First, v.pads[AudioRows], v.pads[ImageCodes]} {
		if slices.ContainsFunc(s.Allowed, func(r [2]int32) bool { return r[0] <= p && p <= r[1] }) {
			t.Fatalf("%s is allowed", v.Tokenizer.Bytes(p))
		}
	}
	one := s.Allowed[r.IntN(len(s.Allowed))]
	if one[1] >= v.Size || one[0] > one[1] {
		t.Fatalf("ids %v of %d are allowed", one, v.Size)
	}
	return one[0] + r.Int32N(one[1]-one[0]+1)
}

func checkNoise(t *testing.T, v *Vocabulary, name string, events []Event) {
	t.Helper()
	pictures, speeches, units := 0, 0, 0
	for _, e := range events {
		switch e.Kind {
		case Picture:
			if pictures++; len(e.Codes) != v.Side*v.Side || e.Ratio.ID == 0 {
				t.Errorf("%s: a picture of %d codes, ratio %s", name, len(e.Codes), e.Ratio)
			}
		case Unit:
			if units++; units > 50 {
				t.Errorf("%s: more than 50 units", name)
			}
		case UnitsEnd:
			speeches++
			units = 0
		}
	}
	if (name == "speech" || name == "call") && speeches != 1 || (name == "drawing" || name == "tool" || name == "bare") && pictures == 0 {
		t.Errorf("%s: %d pictures, %d speeches: %.200s", name, pictures, speeches, tell(events))
	}
}

// What the options forbid is not offered, and the limit of units ends the speech.
func TestLimits(t *testing.T) {
	v := vocabulary(t)
	offers := func(a *Answer, id int32) bool {
		return slices.ContainsFunc(a.Next().Allowed, func(r [2]int32) bool { return r[0] <= id && id <= r[1] })
	}
	a, b := v.NewAnswer(AnswerOptions{}), v.NewAnswer(AnswerOptions{Speech: true, Pictures: true, Units: 3})
	for _, id := range []int32{v.Marks.AudioStart, v.Marks.ImageStart} {
		if offers(a, id) || !offers(b, id) {
			t.Errorf("%s is offered without, or not with the option", v.Tokenizer.Bytes(id))
		}
	}
	b.Take(v.Marks.AudioStart)
	for range 3 {
		if s := b.Next(); len(s.Allowed) != 2 || s.Allowed[1] != [2]int32{v.Units.First, v.Units.First + v.Units.Count - 1} || s.Allowed[0] != [2]int32{v.Marks.AudioEnd, v.Marks.AudioEnd} {
			t.Fatalf("speech may go on with %v", s.Allowed)
		}
		b.Take(v.Units.First)
	}
	if s := b.Next(); !slices.Equal(s.Forced, []int32{v.Marks.AudioEnd}) {
		t.Errorf("behind the last unit: %v", s)
	}
	b.Take(v.Marks.AudioEnd)
	if s := b.Next(); len(s.Forced) > 0 {
		t.Errorf("speech without tags is followed by %v", s.Forced)
	}
	c := v.NewAnswer(AnswerOptions{Speech: true})
	for _, id := range append(must(t)(v.Text("<audio_decoder_call>{}")), v.Units.First, v.Marks.AudioEnd) {
		c.Take(id)
	}
	if got := v.Tokenizer.Decode(c.Next().Forced, false); got != "\n</audio_decoder_call><|im_end|>" {
		t.Errorf("speech without <discrete_audio> is followed by %q", got)
	}
}

// A picture goes row by row to its end.
func TestRows(t *testing.T) {
	v := vocabulary(t)
	a := v.NewAnswer(AnswerOptions{Pictures: true})
	ids, codes := []int32{v.Marks.ImageStart, v.Ratios[0].ID}, 0
	for range v.Side {
		for range v.Side {
			ids = append(ids, v.Codes.First+5)
		}
		ids = append(ids, v.Marks.RowEnd)
	}
	for i, id := range append(ids, v.Marks.PictureEnd, v.Marks.ImageEnd) {
		s := a.Next()
		allowed := slices.ContainsFunc(s.Allowed, func(r [2]int32) bool { return r[0] <= id && id <= r[1] })
		forced, mark := len(s.Forced) > 0 && s.Forced[0] == id, slices.Contains([]int32{v.Marks.RowEnd, v.Marks.PictureEnd, v.Marks.ImageEnd}, id)
		if forced != mark || allowed == mark {
			t.Fatalf("id %d of a picture, %s, is not what may come: %v", i, v.Tokenizer.Bytes(id), s)
		}
		codes += strings.Count(tell(a.Take(id)), "code:")
		if told := a.drawing.told; told != (codes == v.Side*v.Side) {
			t.Fatalf("the picture is told at %d codes: %v", codes, told)
		}
	}
}

// The ids of the drawing tool's and the speech's forms are what the follower itself forces.
func TestForcedForms(t *testing.T) {
	v := vocabulary(t)
	a := v.NewAnswer(AnswerOptions{Speech: true})
	ids := must(t)(v.Speak("", "yes", "{}"))
	ids = append(ids, v.Units.First)
	follow := func(ids []int32) {
		for _, id := range ids {
			a.Take(id)
		}
	}
	follow(ids)
	follow([]int32{v.Marks.AudioEnd})
	closing := must(t)(v.Interrupted())
	var forced []int32
	for !a.Ended() {
		s := a.Next()
		if len(s.Forced) == 0 {
			t.Fatal("the form leaves a choice")
		}
		forced = append(forced, s.Forced[0])
		a.Take(s.Forced[0])
	}
	if want := closing[1 : len(closing)-1]; !slices.Equal(forced, want) {
		t.Errorf("forced %v, want %v", forced, want)
	}
}

// FuzzAnswer: any ids at all are followed without harm, and text is told as it was.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("\x01\x02\x03<tool_call>"), false)
	f.Add([]byte{0xff, 0x10, 0x80}, true)
	v := vocabulary(f)
	words := []string{
		"<think>", "</think>", "<tool_call>", "</tool_call>", "<audio_decoder_call>", "<speaker_info>", "</speaker_info>", "<discrete_audio>", "{", "}",
		"\n", "\"", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", DrawTool, "<user_transcript>", "</user_transcript>", "t", "<", "한", "</audio_decoder_call>",
	}
	f.Fuzz(func(t *testing.T, data []byte, thinking bool) {
		a := v.NewAnswer(AnswerOptions{Thinking: thinking, Speech: true, Pictures: true})
		told, put := 0, 0
		take := func(id int32) {
			for _, e := range a.Take(id) {
				told += len(e.Text)
			}
			put += len(v.Tokenizer.Bytes(id))
			if s := a.Next(); !a.Ended() && len(s.Forced) == 0 && len(s.Allowed) == 0 {
				t.Fatal("nothing may come")
			}
		}
		for _, b := range data {
			if int(b) < len(words) {
				ids, err := v.Tokenizer.Encode(words[b], b%2 == 0)
				if err != nil {
					t.Fatal(err)
				}
				for _, id := range ids {
					take(id)
				}
				continue
			}
			take(int32(b)*7 - 50)
		}
		for _, e := range a.End() {
			told += len(e.Text)
		}
		if told > 4*put+200*len(data)+200 {
			t.Fatalf("%d bytes told of %d", told, put)
		}
	})
}

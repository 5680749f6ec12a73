package prompt

import (
	"slices"

	"omnilive/model/tokenizer"
)

// Aloud makes an answer one that is spoken, whatever the model would rather do: its tags are put in where they belong, its
// words stay the model's.
type Aloud struct {
	Heard bool   // the question was sound: the answer begins with what was heard
	Info  string // speaker info, JSON; "" leaves it to the model
	Words int    // the most ids of each transcript; 0 and more than 400 mean 400
	Calls bool   // a tool may be called in its place
}

// Limits on what stands before the units.
const (
	maxTranscript = 400
	maxInfo       = 48
	maxCall       = 1024 // of a tool call
	leastUnits    = 3    // of what is spoken, as the reference's service has it
)

// aloud is how far an answer is that must be spoken.
type aloud struct {
	heard, said, spoken bool
	called              bool    // a tool
	ids                 int     // in this stretch of text
	opening             []int32 // the first ids, as long as they may become either
}

// cross notes a tag.
func (s *aloud) cross(name string) {
	s.ids = 0
	switch name {
	case "</user_transcript>":
		s.heard = true
	case "</assistant_transcript>":
		s.said = true
	case "</tool_call>":
		s.called = true
	}
}

// nextAloud leads to the units of an answer that must be spoken, where it is not there yet.
func (a *Answer) nextAloud() (Step, bool) {
	o := a.o.Aloud
	if o == nil || a.aloud.spoken {
		return Step{}, false
	}
	most := o.Words
	if most <= 0 || most > maxTranscript {
		most = maxTranscript
	}
	switch a.mode {
	case inWords:
		switch s := &a.aloud; {
		case s.called:
			return Step{Forced: []int32{a.v.Marks.TurnEnd}}, true
		case o.Calls && !s.heard && !s.said:
			return a.speakOrCall(o), true
		}
		return a.forceParts(a.before(o)), true
	case inTool:
		if a.aloud.ids >= maxCall {
			return a.forceParts([]tokenizer.Part{{Text: "</tool_call>", Special: true}}), true
		}
	case inUser:
		return a.upTo(most, "</user_transcript>"), true
	case inTranscript:
		return a.upTo(most, "</assistant_transcript>"), true
	case inSpeaker:
		return a.upTo(maxInfo, "</speaker_info>"), true
	case inUnits:
		if a.speech.units < min(leastUnits, a.o.Units) {
			return Step{Allowed: ranges(a.v.Units.span())}, true
		}
	}
	return Step{}, false
}

// before is what comes before the next words.
func (a *Answer) before(o *Aloud) []tokenizer.Part {
	switch s := a.aloud; {
	case o.Heard && !s.heard && !s.said:
		return []tokenizer.Part{{Text: "<user_transcript>", Special: true}}
	case !s.said && s.heard:
		return []tokenizer.Part{{Text: "\n<assistant_transcript>", Special: true}}
	case !s.said:
		return []tokenizer.Part{{Text: "<assistant_transcript>", Special: true}}
	case o.Info == "":
		return []tokenizer.Part{{Text: "\n<audio_decoder_call>\n<speaker_info>", Special: true}}
	}
	return []tokenizer.Part{{Text: "\n<audio_decoder_call>\n<speaker_info>", Special: true}, {Text: o.Info}, {Text: openUnits, Special: true}}
}

// speakOrCall leaves it to the model whether the answer is spoken or calls a tool, by the id in which the two tags differ.
func (a *Answer) speakOrCall(o *Aloud) Step {
	var next []int32
	var rest []int32
	taken := a.aloud.opening
	for _, parts := range [][]tokenizer.Part{a.before(o), {{Text: "<tool_call>", Special: true}}} {
		ids, err := a.v.Tokenizer.EncodeParts(parts...)
		if err != nil || len(ids) <= len(taken) || !slices.Equal(ids[:len(taken)], taken) {
			continue
		}
		if rest = ids[len(taken):]; !slices.Contains(next, rest[0]) {
			next = append(next, rest[0])
		}
	}
	switch len(next) {
	case 0:
		return a.forceParts(a.before(o))
	case 1:
		return Step{Forced: rest[:1]}
	}
	return Step{Allowed: ranges(one(next[0]), one(next[1]))}
}

// upTo leaves words to the model until there are most ids, and then closes them.
func (a *Answer) upTo(most int, closing string) Step {
	if a.aloud.ids >= most {
		return a.forceParts([]tokenizer.Part{{Text: closing, Special: true}})
	}
	return Step{Allowed: a.v.unending}
}

func (a *Answer) forceParts(parts []tokenizer.Part) Step {
	ids, err := a.v.Tokenizer.EncodeParts(parts...)
	if err != nil || len(ids) == 0 {
		return Step{Allowed: a.v.plain}
	}
	a.forced = ids
	return Step{Forced: a.forced}
}

// withoutStops leaves out the ids that end an answer.
func (v *Vocabulary) withoutStops(words [][2]int32) (out [][2]int32) {
	for _, span := range words {
		first := span[0]
		for id := span[0]; id <= span[1]; id++ {
			if !v.isStop(id) {
				continue
			}
			if first < id {
				out = append(out, [2]int32{first, id - 1})
			}
			first = id + 1
		}
		if first <= span[1] {
			out = append(out, [2]int32{first, span[1]})
		}
	}
	return out
}

package prompt

import (
	"strings"

	"omnilive/model/tokenizer"
)

// mode is what an answer is in the middle of.
type mode uint8

const (
	inWords mode = iota
	inReasoning
	inUser
	inTranscript
	inSpeaker // <speaker_info>
	inSpeech  // <audio_decoder_call>, outside of speaker info and units
	inTool    // <tool_call>
	inUnits
	inPicture
	inNothing // behind the end
)

// Limits on one answer.
const (
	maxUnits = 2000     // 80 s of speech, as the reference's service has it
	maxBlock = 64 << 10 // bytes of a tool call or of speaker info
	maxHold  = 1 << 10  // bytes of words held back because they may be speaker info without tags
)

// AnswerOptions say what an answer may be.
type AnswerOptions struct {
	Thinking bool   // the prompt ended in <think>, so that the answer begins with reasoning
	Speech   bool   // it may be spoken
	Pictures bool   // it may hold pictures
	Units    int    // the most units; 0 means 2000
	Aloud    *Aloud // it must be spoken; nil leaves that to the model
	Tools    []Tool // whose parameters say which arguments are strings; may be empty
}

// An Answer follows the ids of one answer: Take tells what each means, Next what may come.
type Answer struct {
	v    *Vocabulary
	o    AnswerOptions
	text *tokenizer.Decoder
	mode mode
	back mode // where units and pictures return to

	pending string // text not told yet: it may be part of a tag, or belongs to a block that is not whole
	fresh   bool   // nothing of these words was told: newlines at their start are not part of them
	forced  []int32
	speech  speech
	drawing drawing
	aloud   aloud
}

// speech is the block of speech being written.
type speech struct {
	informed bool // <speaker_info> was told
	tagged   bool // <discrete_audio> was opened
	units    int
}

// drawing is the picture being written.
type drawing struct {
	ratio  Ratio
	codes  []int32
	rows   int // that were closed
	closed bool
	told   bool
}

// NewAnswer returns the follower of an answer.
func (v *Vocabulary) NewAnswer(o AnswerOptions) *Answer {
	if o.Units <= 0 {
		o.Units = maxUnits
	}
	a := &Answer{v: v, o: o, text: v.Tokenizer.NewDecoder(false), fresh: true}
	if o.Thinking {
		a.mode = inReasoning
	}
	return a
}

// Ended reports whether the answer is whole: ids behind its end are ignored.
func (a *Answer) Ended() bool { return a.mode == inNothing }

// Take takes the next id of the answer, picked or put in by the caller, and returns what it completes.
func (a *Answer) Take(id int32) []Event {
	if a.mode == inNothing {
		return nil
	}
	if len(a.forced) > 0 && a.forced[0] == id {
		a.forced = a.forced[1:]
	} else {
		a.forced = nil
	}
	a.aloud.ids++
	if o := a.o.Aloud; o != nil && o.Calls && a.mode == inWords && !a.aloud.heard && !a.aloud.said {
		a.aloud.opening = append(a.aloud.opening, id)
	}
	v, m := a.v, &a.v.Marks
	switch {
	case v.isStop(id):
		return append(a.finish(), Event{Kind: End})
	case v.Units.Has(id):
		events := a.enter(inUnits)
		a.speech.units++
		return append(events, Event{Kind: Unit, Code: id - v.Units.First})
	case id == m.AudioStart:
		return a.enter(inUnits)
	case id == m.AudioEnd:
		return a.leaveUnits()
	case v.Codes.Has(id):
		return a.code(id)
	case id == m.ImageStart:
		return a.enter(inPicture)
	case id == m.ImageEnd:
		return a.leavePicture()
	case id == m.RowEnd || id == m.PictureEnd:
		a.rowEnd(id)
		return nil
	case v.Mute.Has(id) || v.isPad(id):
		return nil
	}
	if r, ok := v.ratioOf(id); ok {
		events := a.enter(inPicture)
		a.drawing.ratio = r
		return events
	}
	return a.word(id)
}

// End ends the answer where it stands, as at a limit of ids, and returns what was held back. A tool call that is not whole
// is no call.
func (a *Answer) End() []Event {
	events := a.settle()
	if a.mode == inTool {
		a.pending, a.mode = "", inWords
		events = append(events, Event{Kind: Broken, Text: "a tool call that is not whole"})
	}
	return append(events, a.finish()...)
}

// finish tells all that is held back.
func (a *Answer) finish() []Event {
	events := a.settle()
	a.pending += a.text.Flush()
	events = append(events, a.read(true)...)
	a.mode = inNothing
	return events
}

// settle leaves units or a picture that were not closed.
func (a *Answer) settle() []Event {
	switch a.mode {
	case inUnits:
		return a.leaveUnits()
	case inPicture:
		return a.leavePicture()
	}
	return nil
}

// word takes an id of text. A control token that is no tag says nothing.
func (a *Answer) word(id int32) []Event {
	if a.v.Tokenizer.IsSpecial(id) && !isTag(a.v.Tokenizer.Bytes(id)) {
		return nil
	}
	events := a.settle()
	a.pending += a.text.Write(id)
	return append(events, a.read(false)...)
}

// enter begins units or a picture, wherever the answer is.
func (a *Answer) enter(to mode) []Event {
	if a.mode == to {
		return nil
	}
	events := a.settle()
	if a.mode == inWords || a.mode == inSpeech || a.mode == inReasoning {
		events = append(events, a.beforeMedia(to)...)
	}
	a.back, a.mode = a.mode, to
	a.speech.units, a.drawing = 0, drawing{}
	return events
}

// beforeMedia tells the words before units or a picture. What stands there in the older form without tags, {JSON} on a line of its own,
// is speaker info.
func (a *Answer) beforeMedia(to mode) (events []Event) {
	a.pending += a.text.Flush()
	held := strings.TrimSpace(a.pending)
	if to == inUnits && objectEnd(held) == len(held) && held != "" {
		a.pending, a.fresh = "", true
		return []Event{{Kind: SpeakerInfo, Text: held}}
	}
	if a.mode == inSpeech {
		a.pending = ""
		return nil
	}
	return a.read(true)
}

func (a *Answer) leaveUnits() []Event {
	if a.mode != inUnits {
		return nil
	}
	a.mode, a.fresh, a.aloud.spoken = a.back, true, true
	switch {
	case a.mode != inSpeech:
	case a.speech.tagged:
		a.force("</discrete_audio>\n</audio_decoder_call>", a.v.Marks.TurnEnd)
	default:
		a.force("\n</audio_decoder_call>", a.v.Marks.TurnEnd)
	}
	a.speech = speech{}
	return []Event{{Kind: UnitsEnd}}
}

// code takes an id of a picture.
func (a *Answer) code(id int32) []Event {
	events := a.enter(inPicture)
	d, whole := &a.drawing, a.v.Side*a.v.Side
	if len(d.codes) >= whole {
		return events
	}
	d.codes = append(d.codes, id-a.v.Codes.First)
	events = append(events, Event{Kind: Code, Code: id - a.v.Codes.First})
	if len(d.codes) == whole {
		d.told = true
		events = append(events, Event{Kind: Picture, Codes: d.codes, Ratio: d.ratio})
	}
	return events
}

func (a *Answer) rowEnd(id int32) {
	if a.mode != inPicture {
		return
	}
	if id == a.v.Marks.PictureEnd {
		a.drawing.closed = true
		return
	}
	a.drawing.rows++
}

func (a *Answer) leavePicture() []Event {
	if a.mode != inPicture {
		return nil
	}
	a.mode, a.fresh = a.back, true
	if a.mode == inTool && a.drawing.told {
		a.force("</arg_value>\n</tool_call>", a.v.Marks.TurnEnd)
	}
	if a.drawing.told || len(a.drawing.codes) == 0 {
		return nil
	}
	return []Event{{Kind: Picture, Codes: a.drawing.codes, Ratio: a.drawing.ratio}}
}

// force makes words, and then ids, the only thing that may come.
func (a *Answer) force(words string, ids ...int32) {
	forced, err := a.v.Text(words)
	if err != nil {
		return
	}
	a.forced = append(forced, ids...)
}

func (v *Vocabulary) isStop(id int32) bool {
	for _, s := range v.Stops {
		if s == id {
			return true
		}
	}
	return false
}

func (v *Vocabulary) isPad(id int32) bool {
	for _, p := range v.pads[1:] {
		if p == id {
			return true
		}
	}
	return id == v.BOS || id == v.Marks.TurnStart
}

func (v *Vocabulary) ratioOf(id int32) (Ratio, bool) {
	for _, r := range v.Ratios {
		if r.ID == id {
			return r, true
		}
	}
	return Ratio{}, false
}

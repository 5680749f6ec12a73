package prompt

import "strings"

// A Step is what may come next in an answer: either Forced ids, in this order, or one id out of Allowed.
type Step struct {
	Forced  []int32
	Allowed [][2]int32 // ranges, first and last included
}

// Next says what may come. Ids that would break the answer's form are never allowed: PADs, the id that begins a text, units
// outside of speech, codes outside of pictures. Where the form leaves no choice, the ids are forced; Take them all the same.
// Inside of a block of speech only units and its end are allowed, inside of a picture's row only codes.
func (a *Answer) Next() Step {
	v, m := a.v, &a.v.Marks
	if len(a.forced) > 0 {
		return Step{Forced: a.forced}
	}
	if step, ok := a.nextAloud(); ok {
		return step
	}
	switch a.mode {
	case inNothing:
		return Step{}
	case inUnits:
		if a.speech.units >= a.o.Units {
			return Step{Forced: []int32{m.AudioEnd}}
		}
		return Step{Allowed: ranges(v.Units.span(), one(m.AudioEnd))}
	case inPicture:
		return a.nextCode()
	case inSpeech:
		return a.nextSpeech()
	case inTool:
		return a.nextTool()
	case inWords:
		allowed := v.plain
		if a.o.Speech {
			allowed = ranges(append([][2]int32{one(m.AudioStart)}, allowed...)...)
		}
		if a.o.Pictures {
			allowed = ranges(append([][2]int32{one(m.ImageStart)}, allowed...)...)
		}
		return Step{Allowed: allowed}
	}
	return Step{Allowed: v.plain}
}

// nextCode goes through a picture: ratio, rows of codes that end in eol, eof, the end.
func (a *Answer) nextCode() Step {
	v, m, d := a.v, &a.v.Marks, &a.drawing
	whole := v.Side * v.Side
	switch {
	case len(d.codes) == 0 && d.ratio.ID == 0:
		var allowed [][2]int32
		for _, r := range v.Ratios {
			allowed = append(allowed, one(r.ID))
		}
		return Step{Allowed: ranges(allowed...)}
	case d.closed:
		return Step{Forced: []int32{m.ImageEnd}}
	case len(d.codes) >= (d.rows+1)*v.Side && len(d.codes) < whole:
		return Step{Forced: []int32{m.RowEnd}}
	case len(d.codes) >= whole && d.rows < v.Side:
		return Step{Forced: []int32{m.RowEnd, m.PictureEnd, m.ImageEnd}}
	case len(d.codes) >= whole:
		return Step{Forced: []int32{m.PictureEnd, m.ImageEnd}}
	}
	return Step{Allowed: ranges(v.Codes.span())}
}

// nextSpeech goes from <audio_decoder_call> to the first unit.
func (a *Answer) nextSpeech() Step {
	if !a.o.Speech {
		return Step{Allowed: a.v.plain}
	}
	words := "\n<speaker_info>"
	switch {
	case a.speech.tagged:
		words = "\n<|discrete_audio_start|>"
	case a.speech.informed:
		words = "\n<discrete_audio>\n<|discrete_audio_start|>"
	}
	return a.rest(words, a.v.Marks.AudioStart)
}

// nextTool leaves a tool call free, but for the drawing tool's argument.
func (a *Answer) nextTool() Step {
	form := DrawTool + "\n<arg_key>" + DrawArgument + "</arg_key>\n<arg_value>"
	if name, _, ok := strings.Cut(a.pending, "\n"); a.o.Pictures && !a.drawing.told && ok && name == DrawTool {
		return a.rest(form+"<|discrete_image_start|>", a.v.Marks.ImageStart)
	}
	return Step{Allowed: a.v.plain}
}

// rest forces what pending lacks of words. Where it has begun otherwise, it goes on freely, mark included.
func (a *Answer) rest(words string, mark int32) Step {
	if missing, ok := strings.CutPrefix(words, a.pending); ok && missing != "" {
		if a.force(missing); len(a.forced) > 0 {
			return Step{Forced: a.forced}
		}
	}
	return Step{Allowed: ranges(append([][2]int32{one(mark)}, a.v.plain...)...)}
}

func one(id int32) [2]int32 { return [2]int32{id, id} }

func (r Range) span() [2]int32 { return [2]int32{r.First, r.First + r.Count - 1} }

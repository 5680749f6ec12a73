package prompt

import "strings"

// A tag ends a stretch of text and begins another.
type tag struct {
	name string
	to   mode
}

// tags are the words that mean something in each mode. Closing tags that nothing opened are left out of the words, as is
// the name of the drawing tool, which the model at times writes without its tags.
var tags = map[mode][]tag{
	inWords: {
		{"<think>", inReasoning},
		{"</think>", inWords},
		{"<user_transcript>", inUser},
		{"<assistant_transcript>", inTranscript},
		{"<audio_decoder_call>", inSpeech},
		{"</audio_decoder_call>", inWords},
		{"<speaker_info>", inSpeaker},
		{"<discrete_audio>", inWords},
		{"</discrete_audio>", inWords},
		{"<tool_call>", inTool},
		{"</tool_call>", inWords},
		{DrawTool + "\n" + DrawArgument + "\n", inWords},
	},
	inReasoning:  {{"<think>", inReasoning}, {"</think>", inWords}},
	inUser:       {{"</user_transcript>", inWords}},
	inTranscript: {{"</assistant_transcript>", inWords}},
	inSpeaker:    {{"</speaker_info>", inSpeech}},
	inSpeech: {
		{"<speaker_info>", inSpeaker},
		{"<discrete_audio>", inSpeech},
		{"</discrete_audio>", inSpeech},
		{"</audio_decoder_call>", inWords},
	},
	inTool: {{"</tool_call>", inWords}},
}

// isTag reports whether a control token's name is one of the tags.
func isTag(name string) bool {
	for _, list := range tags {
		for _, t := range list {
			if t.name == name {
				return true
			}
		}
	}
	return false
}

// nextTag finds the first tag of a mode in text: the text before it, the tag, the text behind it.
func nextTag(m mode, text string) (before string, found tag, behind string, ok bool) {
	at := len(text)
	for _, t := range tags[m] {
		if i := strings.Index(text, t.name); i >= 0 && i < at {
			at, found, ok = i, t, true
		}
	}
	if !ok {
		return text, tag{}, "", false
	}
	return text[:at], found, text[at+len(found.name):], true
}

// beginsTag is where the end of text may be the start of a tag, or len(text).
func beginsTag(m mode, text string) int {
	at := len(text)
	for _, t := range tags[m] {
		for n := min(len(t.name)-1, len(text)); n > 0; n-- {
			if strings.HasSuffix(text, t.name[:n]) {
				at = min(at, len(text)-n)
				break
			}
		}
	}
	return at
}

// read tells what pending says. At the end nothing is held back.
func (a *Answer) read(end bool) (events []Event) {
	for {
		before, t, behind, ok := nextTag(a.mode, a.pending)
		if !ok {
			break
		}
		a.pending = before
		events = append(events, a.tell(true)...)
		a.cross(t)
		a.pending, a.fresh = behind, true
	}
	return append(events, a.tell(end)...)
}

// cross goes over a tag.
func (a *Answer) cross(t tag) {
	to := t.to
	a.aloud.cross(t.name)
	switch t.name {
	case "<audio_decoder_call>":
		a.speech = speech{}
	case "<discrete_audio>":
		a.speech.tagged = true
	case "<speaker_info>":
		a.back = a.mode
	case "</speaker_info>":
		a.speech.informed, to = true, a.back
	}
	a.mode = to
}

// tell tells pending, or as much of it as cannot become a tag; whole says that a tag or the end follows it.
func (a *Answer) tell(whole bool) []Event {
	switch a.mode {
	case inWords, inReasoning:
		return a.tellLines(whole)
	case inUser, inTranscript:
		return a.tellRunning(whole)
	case inSpeaker, inTool:
		return a.tellBlock(whole)
	}
	if whole || len(a.pending) > maxBlock {
		a.pending = ""
	}
	return nil
}

var running = map[mode]EventKind{inWords: Words, inReasoning: Reasoning, inUser: UserTranscript, inTranscript: Transcript}

// tellRunning tells text as it comes.
func (a *Answer) tellRunning(whole bool) []Event {
	n := len(a.pending)
	if !whole {
		n = beginsTag(a.mode, a.pending)
	}
	return a.say(n)
}

// tellLines is tellRunning without the newlines at the start and the end, and without what may be speaker info.
func (a *Answer) tellLines(whole bool) []Event {
	if a.fresh {
		a.pending = strings.TrimLeft(a.pending, "\n")
	}
	if whole {
		events := a.say(len(strings.TrimRight(a.pending, "\n")))
		a.pending = ""
		return events
	}
	n := beginsTag(a.mode, a.pending)
	if a.mode == inWords {
		n = min(n, a.beginsObject())
	}
	return a.say(len(strings.TrimRight(a.pending[:n], "\n")))
}

// say tells the first n bytes of pending.
func (a *Answer) say(n int) []Event {
	if n == 0 {
		return nil
	}
	text := a.pending[:n]
	a.pending, a.fresh = a.pending[n:], false
	return []Event{{Kind: running[a.mode], Text: text}}
}

// beginsObject is where the end of pending is a JSON object on lines of its own, whole or in the making, or its length.
func (a *Answer) beginsObject() int {
	for at := 0; at < len(a.pending); {
		i := strings.IndexByte(a.pending[at:], '{')
		if i < 0 {
			break
		}
		at += i
		lineStart := a.fresh && strings.TrimSpace(a.pending[:at]) == "" || at > 0 && a.pending[at-1] == '\n'
		rest := a.pending[at:]
		if end := objectEnd(rest); lineStart && len(rest) <= maxHold && (end < 0 || strings.TrimSpace(rest[end:]) == "") && objectLike(rest) {
			return at
		}
		at++
	}
	return len(a.pending)
}

// objectLike reports whether text, which begins with {, may be a JSON object.
func objectLike(text string) bool {
	rest := strings.TrimSpace(text[1:])
	return rest == "" || rest[0] == '"' || rest[0] == '}'
}

// objectEnd is the length of the JSON object that text begins with, -1 where it is not whole, 0 where there is none.
func objectEnd(text string) int {
	if text == "" || text[0] != '{' {
		return 0
	}
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

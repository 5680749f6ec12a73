package streaming

import "strings"

// A caption turns a run of changing hypotheses into words that only ever append: a word is committed once two hypotheses
// in a row agree on it and on all before it (LocalAgreement-2; Macháček, Dabre and Bojar, "Turning Whisper into Real-Time
// Transcription System", 2023).
type caption struct {
	last []string
	sent []string
}

// partial takes the newest hypothesis of speech under way and returns the words to append, maybe none.
func (c *caption) partial(text string) string {
	words := strings.Fields(text)
	n := 0
	for n < len(words) && n < len(c.last) && words[n] == c.last[n] {
		n++
	}
	c.last = words
	if n <= len(c.sent) || !c.extends(words) {
		return ""
	}
	return c.send(words[len(c.sent):n])
}

// final takes the finished text and returns what is still to append. If the committed words turned out different the
// deltas stay as they are: the whole transcript follows anyway.
func (c *caption) final(text string) string {
	words := strings.Fields(text)
	if !c.extends(words) {
		return ""
	}
	return c.send(words[len(c.sent):])
}

func (c *caption) extends(words []string) bool {
	if len(words) < len(c.sent) {
		return false
	}
	for i, w := range c.sent {
		if words[i] != w {
			return false
		}
	}
	return true
}

func (c *caption) send(words []string) string {
	if len(words) == 0 {
		return ""
	}
	s := strings.Join(words, " ")
	if len(c.sent) > 0 {
		s = " " + s
	}
	c.sent = append(c.sent, words...)
	return s
}

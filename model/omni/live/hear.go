package live

import (
	"context"
	"strings"
	"sync"

	"omnilive/model"
	"omnilive/model/omni"
	"omnilive/model/omni/prompt"
)

// captionWords is the most ids of a caption of speech under way.
const captionWords = 48

// Hear encodes the utterance: all of it at a pause, for the model itself; its words, where somebody recognises them, for
// captions. Without a recognizer the words come with the answer, and while the user still speaks the model writes down what it
// has heard so far and forgets that again.
func (c *Conversation) Hear(ctx context.Context, speech []float32, o model.HearOptions) (model.Transcript, error) {
	if !o.Final {
		return c.hearSoFar(ctx, speech, o)
	}
	var it omni.Item
	var failed error
	var encoding sync.WaitGroup
	encoding.Go(func() { it, failed = c.ear.Encode(ctx, speech) }) // beside the recognizer, which has threads of its own
	t, err := c.recognize(ctx, speech, o)
	encoding.Wait()
	if err != nil {
		return t, err
	}
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	if t.Text == "" && !t.Wordless {
		c.in.heard = nil // it is not the words before it that a question may refer to
		return t, nil
	}
	if failed != nil {
		return t, failed
	}
	c.in.heard = &part{shows: heard, item: &it, text: t.Text}
	return t, nil
}

// recognize has the recognizer write down the words, where there is one.
func (c *Conversation) recognize(ctx context.Context, speech []float32, o model.HearOptions) (model.Transcript, error) {
	if c.l.o.Recognizer == nil {
		return model.Transcript{Wordless: true}, nil
	}
	return c.l.o.Recognizer(ctx, speech, o)
}

// hearSoFar works ahead of the end of speech: closed windows of the audio encoder are kept, and where nobody else recognises
// words the model is asked for them.
func (c *Conversation) hearSoFar(ctx context.Context, speech []float32, o model.HearOptions) (model.Transcript, error) {
	t, err := c.recognize(ctx, speech, o)
	if err != nil {
		return t, err
	}
	recognized := c.l.o.Recognizer != nil
	step := model.InputRate
	if recognized {
		step = aheadStep // its words are captions enough: only windows that close are worth encoding
	}
	if len(speech)/step == c.encoded {
		return t, nil
	}
	c.encoded = len(speech) / step
	it, err := c.ear.Encode(omni.Background(ctx), speech)
	if err != nil || recognized {
		return t, err
	}
	c.background(ctx, func(ctx context.Context) error {
		text, err := c.transcribe(ctx, it)
		t = model.Transcript{Text: strings.TrimSpace(text)}
		return err
	})
	return t, ctx.Err()
}

// aheadStep is how much new speech is encoded ahead where the words come from elsewhere: a window of the audio encoder.
const aheadStep = 30 * model.InputRate

// transcribe has the model write down what it heard, and leaves the window as it was.
func (c *Conversation) transcribe(ctx context.Context, it omni.Item) (text string, err error) {
	if err := c.begin(ctx); err != nil {
		return "", err
	}
	if err := c.settle(ctx); err != nil {
		return "", err
	}
	if c.crowded(it.Media.Rows + len(it.Media.Codes) + captionWords) {
		return "", nil
	}
	before, newest := c.len(), c.answer
	defer func() {
		cut := c.forget(before)
		c.answer = newest
		if err == nil {
			err = cut
		}
	}()
	if err := c.message(ctx, []part{{shows: heard, item: &it}}, true); err != nil {
		return "", err
	}
	s := &stretch{role: "assistant", begins: true}
	if err := c.fill(ctx, s, &prompt.Conversation{Generation: true, SkipReasoning: true}, nil); err != nil {
		return "", err
	}
	o := omni.AnswerOptions{Sampling: c.l.o.Sampling}
	o.Speech, o.Aloud = true, &prompt.Aloud{Heard: true, Info: "{}", Words: captionWords}
	o.Taken = func(int32) { s.n++ }
	for e, err := range c.w.Answer(ctx, o) {
		switch {
		case err != nil:
			return "", err
		case e.Kind == prompt.UserTranscript:
			text += e.Text
		case e.Kind == prompt.Transcript || e.Kind == prompt.SpeakerInfo || e.Kind == prompt.Unit:
			return text, nil
		}
	}
	return text, ctx.Err()
}

// Listen takes all that the microphone brings while the camera is on: the soundtrack of the video that the call is. A second
// of it becomes one row, which goes into the window with the next moment.
func (c *Conversation) Listen(ctx context.Context, samples []float32) error {
	if c.track == nil {
		return nil
	}
	err := c.track.Push(omni.Background(ctx), samples)
	rows, _ := c.track.Take()
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	c.in.sound = append(c.in.sound, rows...)
	if most := maxSound * c.l.m.Width(); len(c.in.sound) > most {
		c.in.silenced += (len(c.in.sound) - most) / c.l.m.Width()
		c.in.sound = c.in.sound[len(c.in.sound)-most:]
	}
	return err
}

// maxSound is how many seconds of the soundtrack wait for a moment.
const maxSound = 300

// sounding adds to a moment or a look the soundtrack that is ready. s.mu is held.
func (s *senses) sounding(it *omni.Item, width int) {
	if n := len(s.sound) / width; n > 0 && it.Media.Sound == 0 {
		it.Sound, it.Media.Sound = s.sound, n
		s.sound = nil
	}
}

package caller

import (
	"context"
	"slices"
	"sync"
	"time"
)

// An Answer is what became of one question, as told by the events.
type Answer struct {
	Question string // the caller's words as the server heard them
	Said     string // the answer's words
	Status   string // of the response: completed, cancelled, …
	Spoken   bool   // sound came with it
	Latency  Latency
	Started  time.Duration  // when output_audio_buffer.started came
	Done     time.Duration  // when the answer was over
	Calls    []FunctionCall // what the model calls; it waits for their outputs
}

// Latency is omnilive.turn.latency, in milliseconds.
type Latency struct {
	Speculated bool    `json:"speculated"`
	Endpoint   float64 `json:"endpoint_ms"`
	Recognize  float64 `json:"recognize_ms"`
	Prefill    float64 `json:"prefill_ms"`
	FirstSound float64 `json:"first_sound_ms"`
	Pacer      float64 `json:"pacer_ms"`
	Total      float64 `json:"total_ms"`
}

// answer gathers an Answer out of the events.
type answer struct {
	mu      sync.Mutex // guards what follows
	now     Answer
	closed  bool // response.done came
	playing bool
	sound   bool // sound is still to come
	whole   []Answer
	err     error         // why there will be no more
	changed chan struct{} // closed and renewed at each change of whole and err
}

// fields are those of the events that an Answer is made of.
type fields struct {
	Transcript string `json:"transcript"`
	Delta      string `json:"delta"`
	Response   struct {
		Status     string   `json:"status"`
		Modalities []string `json:"output_modalities"`
		Output     []output `json:"output"`
	} `json:"response"`
}

// calls are the functions that the response calls.
func (f fields) calls() (calls []FunctionCall) {
	for _, o := range f.Response.Output {
		if o.Type == "function_call" {
			calls = append(calls, o.FunctionCall)
		}
	}
	return calls
}

// spoken reports whether the response is one that is played to its end.
func (f fields) spoken() bool {
	r := f.Response
	return r.Status == "completed" && len(r.Modalities) == 1 && r.Modalities[0] == "audio" && slices.ContainsFunc(r.Output, output.says)
}

func (a *answer) note(e Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var f fields
	_ = e.Decode(&f)
	switch e.Type {
	case "conversation.item.input_audio_transcription.completed":
		a.now.Question = f.Transcript
	case "response.created":
		a.closed, a.playing, a.sound, a.now.Said = false, false, true, ""
	case "omnilive.speech.unavailable":
		a.sound = false
	case "response.output_audio_transcript.delta", "response.output_text.delta":
		a.now.Said += f.Delta
	case "output_audio_buffer.started":
		a.playing, a.sound, a.now.Spoken, a.now.Started = true, false, true, e.At
	case "omnilive.turn.latency":
		_ = e.Decode(&a.now.Latency)
	case "response.done":
		a.closed, a.now.Status, a.now.Calls = true, f.Response.Status, f.calls()
		a.sound = a.sound && f.spoken()
	case "output_audio_buffer.stopped", "output_audio_buffer.cleared":
		a.playing = false
	default:
		return
	}
	if a.closed && !a.playing && !a.sound {
		a.now.Done = e.At
		a.whole = append(a.whole, a.now)
		a.now, a.closed = Answer{}, false
		a.tell()
	}
}

func (a *answer) end(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
	a.tell()
}

// tell wakes who waits; a.mu is held.
func (a *answer) tell() {
	close(a.changed)
	a.changed = make(chan struct{})
}

// Answer waits for the n-th whole answer of the call, counted from 0: response.done has come, and if there was sound it
// has stopped.
func (c *Call) Answer(ctx context.Context, n int) (Answer, error) {
	for {
		c.answer.mu.Lock()
		whole, err, changed := c.answer.whole, c.answer.err, c.answer.changed
		c.answer.mu.Unlock()
		if n < len(whole) {
			return whole[n], nil
		}
		if err != nil {
			return Answer{}, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Answer{}, context.Cause(ctx)
		}
	}
}

package measure

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"omnilive/model"
)

// A Question is what each turn asks.
type Question struct {
	Speech  []float32                 // mono at model.InputRate
	Camera  func(n int) model.Picture // the n-th second's picture; nil: the camera is off
	Context time.Duration             // camera before the first question
	Options model.Options             // of the conversation
	Reply   model.ReplyOptions        // of each answer
}

// duration is how long the question is.
func (q *Question) duration() time.Duration { return length(len(q.Speech), model.InputRate) }

func length(samples, rate int) time.Duration {
	return time.Duration(samples) * time.Second / time.Duration(rate)
}

// A Turn is one question and its answer. Times are counted from the end of the question.
type Turn struct {
	Heard      time.Duration // the utterance is encoded or recognised
	Prefilled  time.Duration // the question is in the model's window
	FirstSound time.Duration // the first samples of the answer are there
	Made       time.Duration // from then until the last ones were there, waiting for the player not counted
	Sound      time.Duration // how long the answer is
	First      time.Duration // how long the first stretch of it is
	Late       time.Duration // how long the player had nothing to play before the answer's end
}

// RTF is how long a second of the answer took to make, behind its first stretch; 0 where there is no more of it.
func (t Turn) RTF() float64 {
	if t.Sound <= t.First {
		return 0
	}
	return t.Made.Seconds() / (t.Sound - t.First).Seconds()
}

// A talk is a conversation under measurement.
type talk struct {
	c      model.Conversation
	q      *Question
	pace   bool          // in real time
	at     time.Duration // of the call
	frames int           // seen so far
}

// listenEvery is how often the words under way are heard, and a picture is seen.
const listenEvery = time.Second

// wait lets d of the call go by.
func (t *talk) wait(ctx context.Context, d time.Duration) error {
	t.at += d
	if !t.pace {
		return ctx.Err()
	}
	return sleep(ctx, d)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// watch lets so much time go by with the camera on.
func (t *talk) watch(ctx context.Context, d time.Duration) error {
	for ; d > 0 && t.q.Camera != nil; d -= listenEvery {
		if err := errors.Join(t.see(ctx, false), t.hum(ctx, min(d, listenEvery))); err != nil {
			return err
		}
		if err := t.wait(ctx, min(d, listenEvery)); err != nil {
			return err
		}
	}
	return nil
}

// hum brings the soundtrack of the camera, where the model wants it: silence.
func (t *talk) hum(ctx context.Context, d time.Duration) error {
	return t.listen(ctx, make([]float32, int(d.Seconds()*model.InputRate)))
}

func (t *talk) listen(ctx context.Context, pcm []float32) error {
	if l, ok := t.c.(model.Listener); ok && t.q.Camera != nil {
		return l.Listen(ctx, pcm)
	}
	return nil
}

func (t *talk) see(ctx context.Context, now bool) error {
	if t.q.Camera == nil {
		return nil
	}
	p := t.q.Camera(t.frames)
	t.frames++
	_, err := t.c.See(ctx, p, model.SeeOptions{At: t.at, Now: now})
	return err
}

// ask speaks the question. What a call does while somebody speaks is done second by second; what it does then is late
// where the model is slow, as in a call.
func (t *talk) ask(ctx context.Context) error {
	speech := t.q.Speech
	from := time.Now()
	const step = int(listenEvery/time.Millisecond) * model.InputRate / 1000
	for at := 0; at < len(speech); {
		n := min(step, len(speech)-at)
		d := length(n, model.InputRate)
		t.at += d
		if t.pace { // by the clock, however long hearing took
			if err := sleep(ctx, time.Until(from.Add(length(at+n, model.InputRate)))); err != nil {
				return err
			}
		}
		if err := t.listen(ctx, speech[at:at+n]); err != nil {
			return err
		}
		if at += n; at == len(speech) {
			break
		}
		if err := t.see(ctx, true); err != nil {
			return err
		}
		if _, err := t.c.Hear(ctx, speech[:at], model.HearOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// perceive looks and hears at the end of a question: both at once, as a call does.
func (t *talk) perceive(ctx context.Context) error {
	var seen error
	var looking sync.WaitGroup
	looking.Go(func() { seen = t.see(ctx, true) })
	_, err := t.c.Hear(ctx, t.q.Speech, model.HearOptions{Final: true})
	looking.Wait()
	if seen != nil {
		return fmt.Errorf("see: %w", seen)
	}
	if err != nil {
		return fmt.Errorf("hear: %w", err)
	}
	return nil
}

// turn asks and has the answer, which plays while it is made where the conversation goes in real time.
func (t *talk) turn(ctx context.Context) (Turn, error) {
	if err := t.ask(ctx); err != nil {
		return Turn{}, fmt.Errorf("ask: %w", err)
	}
	var p playing
	p.from = time.Now()
	if err := t.perceive(ctx); err != nil {
		return p.t, err
	}
	p.t.Heard = time.Since(p.from)
	in := &model.Input{Heard: true, Camera: t.q.Camera != nil}
	for piece, err := range t.c.Reply(ctx, in, t.q.Reply) {
		if errors.Is(err, model.ErrMaxTokens) {
			break
		}
		if err != nil {
			return p.t, fmt.Errorf("reply: %w", err)
		}
		p.take(piece)
		if t.pace {
			if err := p.room(ctx); err != nil {
				return p.t, err
			}
		}
	}
	if p.t.Sound == 0 {
		return p.t, errors.New("the answer made no sound")
	}
	t.at += p.t.FirstSound + p.t.Sound
	if t.pace {
		return p.t, sleep(ctx, time.Until(p.end))
	}
	return p.t, nil
}

// held is how much sound a call's player takes in advance.
const held = 12 * time.Second

// playing is an answer that is made and played.
type playing struct {
	t      Turn
	from   time.Time     // the end of the question
	end    time.Time     // when all that came so far has been played
	waited time.Duration // for the player
}

// take takes a piece of the answer.
func (p *playing) take(piece model.Piece) {
	now := time.Now()
	if p.t.Prefilled == 0 {
		p.t.Prefilled = now.Sub(p.from)
	}
	d := length(len(piece.PCM), model.OutputRate)
	if d == 0 {
		return
	}
	if p.t.Sound == 0 {
		p.t.FirstSound, p.t.First = now.Sub(p.from), d
		p.end = now
	} else if now.After(p.end) {
		p.t.Late += now.Sub(p.end)
		p.end = now
	}
	p.t.Sound += d
	p.end = p.end.Add(d)
	p.t.Made = now.Sub(p.from) - p.t.FirstSound - p.waited
}

// room waits until the player has room again.
func (p *playing) room(ctx context.Context) error {
	before := time.Now()
	ahead := p.end.Sub(before) - held
	if p.t.Sound == 0 || ahead <= 0 {
		return ctx.Err()
	}
	err := sleep(ctx, ahead)
	p.waited += time.Since(before)
	return err
}

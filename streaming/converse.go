package streaming

import (
	"context"
	"errors"
	"sync"
	"time"

	"omnilive/model"
)

// A talk is all that a conversation knows of itself. Only converse touches it: no locks.
type talk struct {
	s     *Session
	ctx   context.Context // of converse's run; tasks hang on it
	set   Settings
	ep    endpointer
	roll  []float32  // the newest sound while nobody speaks
	at    int64      // session sample
	u     *utterance // being spoken
	gen   int        // of utterances
	epoch int        // of pauses

	work  work
	turn  *turn
	todo  todo
	calls ledger
	dead  silences
	echo  []float32 // scratch of the echo check
}

// work is what runs beside converse for it.
type work struct {
	tasks   sync.WaitGroup // recognitions and verdicts
	hearing bool           // a recognition is under way
	again   bool           // a final is wanted as soon as it returns
	studio  studio
}

// todo is what waits for the model.
type todo struct {
	changes []change // to apply before the next reply
	reply   bool     // the user's turn ended while an answer could not begin
	lastID  string   // newest item
}

func newTalk(s *Session) *talk {
	t := &talk{s: s, set: s.cfg.Settings, dead: silences{still: newStillness()}, work: work{studio: studio{strokes: make(chan stroke, maxPainting)}}}
	t.ep.threshold = float32(t.set.Turn.Threshold)
	return t
}

// converse is the Session's one decision maker: every event of the call passes through its loop.
func (t *talk) converse(ctx context.Context) error {
	t.ctx = ctx
	defer t.hangUp()
	t.s.emit(SessionCreated{t.set})
	for {
		var pieces chan model.Piece
		if t.turn != nil && t.turn.pieces != nil && len(t.turn.held) < maxHeld && t.s.play.room() {
			pieces = t.turn.pieces
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case h := <-t.s.hops:
			h.at = t.dead.still.heard(h.at, t.u != nil)
			t.onHop(h)
		case <-t.dead.still.timer.C:
			t.onStill()
		case c := <-t.s.cmds:
			t.onCommand(c)
		case h := <-t.s.heard:
			t.onHeard(h)
		case v := <-t.s.judge:
			t.onVerdict(v)
		case text := <-t.s.seen:
			t.s.emit(CameraSeen{text})
		case p, ok := <-pieces:
			t.onPiece(p, ok)
		case s := <-t.work.studio.strokes:
			t.onStroke(s)
		case <-t.s.play.wake:
			t.onProgress()
		}
	}
}

// maxHeld bounds the pieces of an answer that has been begun on speculation.
const maxHeld = 4

// hangUp ends what is under way when the call is over.
func (t *talk) hangUp() {
	t.dropUtterance()
	t.dead.still.timer.Stop()
	if t.turn != nil {
		t.turn.stop(context.Canceled)
	}
	t.work.tasks.Wait() // their results are sent with t.ctx, which has ended
	t.work.studio.tasks.Wait()
}

func (t *talk) onHop(h hop) {
	t.at = h.at
	t.dead.mute.step(h, t.s.emit)
	sig := t.ep.step(h.prob, h.loud, h.at)
	if t.set.Turn.Type == "" {
		t.roll = lastSamples(append(t.roll, h.pcm...), maxUtterance)
		return
	}
	if t.u == nil {
		t.roll = lastSamples(append(t.roll, h.pcm...), preRoll)
	} else {
		t.u.pcm = append(t.u.pcm, h.pcm...)
	}
	switch sig {
	case started:
		t.onStarted()
	case paused:
		t.onPaused()
	case resumed:
		t.onResumed()
	}
	if t.u != nil {
		t.follow()
	}
}

// lastSamples keeps the newest n samples; it moves memory only when the slice has doubled.
func lastSamples(pcm []float32, n int) []float32 {
	if len(pcm) <= 2*n {
		return pcm
	}
	return pcm[:copy(pcm, pcm[len(pcm)-n:])]
}

// onStarted opens an utterance, prefix padding included.
func (t *talk) onStarted() {
	t.gen++
	pad := int64(t.set.Turn.PrefixPaddingMS) * model.InputRate / 1000
	n := min(int(t.at-t.ep.start+pad), len(t.roll))
	t.u = &utterance{
		gen: t.gen, itemID: newID("item"), start: t.at - int64(n), sound: -1, words: -1,
		pcm: append(make([]float32, 0, 8*model.InputRate), t.roll[len(t.roll)-n:]...),
	}
	t.u.shown = t.at
	t.roll = t.roll[:0]
	t.glance()
}

// confirmHops is how much voiced sound makes an interruption (160 ms); below it the answer is only lowered.
const (
	confirmHops = 5
	duckGain    = 0.35
)

// follow looks at the utterance after each hop: announce it, caption it, end it.
func (t *talk) follow() {
	if !t.u.told {
		t.announce()
	}
	if t.u == nil {
		return
	}
	if t.ep.pausing {
		t.maybeEnd()
	} else if t.at-t.u.shown >= captionEvery && !t.work.hearing && t.u.told && t.set.Transcription {
		t.u.shown = t.at
		t.recognize(false)
	}
	if t.u != nil && len(t.u.pcm) >= maxUtterance {
		t.end()
	}
}

// announce tells of the speech: at once when the assistant has been silent, else only once it is sure enough to
// interrupt and not the answer itself, coming back.
func (t *talk) announce() {
	if t.speaking() || t.s.play.echoes() {
		interrupting := t.speaking() && t.set.Turn.InterruptResponse
		switch {
		case t.ep.pausing: // a cough: go on
			t.s.play.duck(1)
			t.dropUtterance()
			return
		case t.ep.speech < confirmHops:
			if interrupting {
				t.s.play.duck(duckGain)
			}
			return
		case t.hearsItself():
			return
		}
	}
	t.u.told = true
	t.s.emit(SpeechStarted{ItemID: t.u.itemID, AudioStartMS: ms(t.u.start)})
	if t.set.Turn.InterruptResponse {
		t.interrupt(errBargeIn, "turn_detected")
	}
}

// hearsItself says whether what sounds like an interruption is the answer, coming back from the caller's loudspeaker.
func (t *talk) hearsItself() bool {
	if t.ep.speech%confirmHops != 0 { // asked again only when there is new sound to ask about
		return true
	}
	t.echo = t.s.play.played(t.echo)
	return echo(t.u.pcm, t.echo) >= echoLikely
}

// speaking says whether an answer that the user may hear is under way.
func (t *talk) speaking() bool { return t.turn != nil && t.turn.released }

// onPaused: the turn may be over. Finish hearing it, ask whether it sounds finished, and begin the answer.
func (t *talk) onPaused() {
	if t.u == nil || !t.u.told {
		return
	}
	t.epoch++
	t.u.sound, t.u.words, t.u.final = -1, -1, nil
	t.recognize(true)
	t.judge()
	t.glance()
}

// onResumed: the user went on. What was begun is thrown away; nothing of it was said.
func (t *talk) onResumed() {
	if t.u == nil {
		return
	}
	t.epoch++
	t.work.again = false
	if t.u.cancel != nil {
		t.u.cancel()
	}
	t.u.sound, t.u.words, t.u.final = -1, -1, nil
	t.undo(errSpokeOn)
}

// glance asks for a look at the camera, unless one is asked for already.
func (t *talk) glance() {
	select {
	case t.s.glance <- struct{}{}:
	default:
	}
}

// recognize starts a recognition of the utterance so far. One runs at a time: a final waits for a caption to stop.
func (t *talk) recognize(final bool) {
	u := t.u
	if t.work.hearing {
		t.work.again = t.work.again || final
		if final && u.cancel != nil {
			u.cancel()
		}
		return
	}
	t.work.hearing = true
	ctx, cancel := context.WithCancel(t.ctx)
	u.cancel = cancel
	pcm := u.pcm[:len(u.pcm):len(u.pcm)] // converse only appends behind it
	r := heard{gen: u.gen, epoch: t.epoch, final: final}
	conv, out, run := t.s.conv, t.s.heard, t.ctx
	opt := model.HearOptions{Final: final, Language: t.set.Language}
	t.work.tasks.Go(func() {
		defer cancel()
		from := time.Now()
		r.text, r.err = conv.Hear(ctx, pcm, opt)
		r.took = time.Since(from)
		_ = send(run, out, r) // fails only when the call is over
	})
}

// judge asks smart-turn about the utterance so far.
func (t *talk) judge() {
	if t.s.cfg.Turns == nil || t.set.Turn.Type != SemanticVAD {
		return
	}
	u := t.u
	pcm := u.pcm[:len(u.pcm):len(u.pcm)]
	v := verdict{gen: u.gen, epoch: t.epoch}
	turns, out, run := t.s.cfg.Turns, t.s.judge, t.ctx
	t.work.tasks.Go(func() {
		p, err := turns.Probability(run, pcm)
		if err != nil {
			return
		}
		v.prob = float64(p)
		_ = send(run, out, v) // fails only when the call is over
	})
}

func (t *talk) onVerdict(v verdict) {
	if t.u != nil && v.gen == t.u.gen && v.epoch == t.epoch {
		t.u.sound = v.prob
	}
}

func (t *talk) onHeard(h heard) {
	t.work.hearing = false
	again := t.work.again
	t.work.again = false
	u := t.u
	if u == nil {
		return
	}
	if again {
		t.recognize(true)
	}
	switch {
	case h.gen != u.gen || errors.Is(h.err, context.Canceled):
		return
	case h.err != nil:
		t.s.cfg.Log.Warn("recognition", "err", h.err)
		if h.final && h.epoch == t.epoch {
			u.final, u.words = &model.Transcript{}, 1
			t.s.emit(InputTranscriptFailed{ItemID: u.itemID, Err: h.err})
			if u.manual {
				t.end()
			}
		}
		return
	case !h.final:
		t.caption(u.caption.partial(h.text.Text))
		return
	case h.epoch != t.epoch:
		return
	}
	u.final, u.took, u.words = &h.text, h.took, t.complete(h.text)
	if u.manual {
		t.end()
		return
	}
	if (h.text.Text != "" || h.text.Wordless) && t.turn == nil && t.set.Turn.CreateResponse {
		t.speculate()
	}
}

func (t *talk) caption(delta string) {
	if delta != "" && t.set.Transcription {
		t.s.emit(InputTranscriptDelta{ItemID: t.u.itemID, Delta: delta})
	}
}

func (t *talk) complete(text model.Transcript) float64 {
	if t.s.cfg.Complete == nil || text.Wordless {
		return 0.5
	}
	return t.s.cfg.Complete(text.Text, text.Language)
}

// maybeEnd ends the turn once the silence has lasted as long as the score asks for. Without words it waits for them.
func (t *talk) maybeEnd() {
	if t.u.final == nil || ms(t.ep.silence(t.at)) < t.set.Turn.wait(t.u.score()) {
		return
	}
	t.end()
}

// dropUtterance forgets what is being said.
func (t *talk) dropUtterance() {
	if t.u != nil && t.u.cancel != nil {
		t.u.cancel()
	}
	t.u, t.work.again = nil, false
	t.ep.end()
}

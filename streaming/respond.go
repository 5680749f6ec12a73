package streaming

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"omnilive/model"
)

// end closes the user's turn: the utterance becomes an item, and the answer, begun or not, is let go.
func (t *talk) end() {
	u := t.u
	silence := t.ep.silence(t.at)
	t.u = nil
	t.ep.end()
	if u.cancel != nil && u.final == nil {
		u.cancel()
	}
	t.s.emit(SpeechStopped{ItemID: u.itemID, AudioEndMS: ms(t.at - silence)})
	text, wordless := "", false
	if u.final != nil {
		text, wordless = u.final.Text, u.final.Wordless
	}
	if text == "" && !wordless { // noise, or a cough: nothing was said
		t.undo(errNewInput)
		t.s.emit(InputCleared{})
		return
	}
	t.commit(u, text)
	switch {
	case t.turn != nil && !t.turn.released:
		t.turn.asks(u)
		t.turn.clock.voiced, t.turn.clock.heard = before(silence), u.took
		t.release()
	case u.manual || t.turn != nil || !t.set.Turn.CreateResponse: // an answer is still being said, or the client asks for answers itself
		t.todo.changes = append(t.todo.changes, change{add: &model.Input{Text: text, Heard: wordless, Camera: true}})
		t.todo.reply = t.todo.reply || t.set.Turn.CreateResponse && !u.manual
	default:
		t.start(job{in: &model.Input{Heard: true, Camera: true}, opt: t.options()}, Response{})
		t.turn.asks(u)
		t.turn.clock.voiced, t.turn.clock.heard = before(silence), u.took
	}
}

// commit puts the user's words on record.
func (t *talk) commit(u *utterance, text string) {
	previous := t.todo.lastID
	t.todo.lastID = u.itemID
	t.s.emit(Committed{ItemID: u.itemID, Previous: previous})
	item := Item{ID: u.itemID, Role: RoleUser, Status: StatusCompleted, Content: []Part{{Type: PartInputAudio}}}
	t.s.emit(ItemAdded{Item: item, Previous: previous})
	t.s.emit(ItemDone{Item: item, Previous: previous})
	if !t.set.Transcription || u.final.Wordless {
		return // the words come with the answer
	}
	if delta := u.caption.final(text); delta != "" {
		t.s.emit(InputTranscriptDelta{ItemID: u.itemID, Delta: delta})
	}
	t.s.emit(InputTranscriptDone{
		ItemID: u.itemID, Transcript: text, Language: u.final.Language,
		AudioTokens: len(u.pcm) * 10 / model.InputRate, TextTokens: len(strings.Fields(text)),
	})
}

func (t *talk) options() model.ReplyOptions {
	o := model.ReplyOptions{TextOnly: t.set.Modality == Text, Voice: t.set.Voice, Speed: t.set.Speed, MaxTokens: t.set.MaxTokens}
	choose(&o, t.set.ToolChoice)
	return o
}

// speculate begins an answer that nobody hears until release.
func (t *talk) speculate() {
	t.turn = t.begin(job{in: &model.Input{Heard: true, Camera: true}, opt: t.options()}, Response{})
	t.turn.clock.early = true
}

// begin starts a turn with all changes that wait.
func (t *talk) begin(j job, r Response) *turn {
	j.before = t.todo.changes
	n := begin(t.ctx, t.s.conv, j)
	r.ID, r.Status = newID("resp"), StatusInProgress
	if r.Modality == "" {
		r.Modality = t.set.Modality
	}
	n.resp = r
	return n
}

// start begins an answer and lets it go at once.
func (t *talk) start(j job, r Response) {
	t.turn = t.begin(j, r)
	t.release()
}

// release lets the answer be heard: the user's turn has ended.
func (t *talk) release() {
	n := t.turn
	n.released, n.clock.released = true, time.Now()
	t.todo.reply = false
	t.s.play.begin()
	t.s.emit(ResponseCreated{n.resp})
	t.sayHeld()
	t.maybeFinish() // an answer begun on speculation may have ended already, without a word
}

func (n *turn) part(text string) Part {
	if n.resp.Modality == Text {
		return Part{Type: PartOutputText, Text: text}
	}
	return Part{Type: PartOutputAudio, Transcript: &text}
}

// onPiece takes the next piece of the answer, or its end.
func (t *talk) onPiece(p model.Piece, ok bool) {
	n := t.turn
	if ok {
		n.take(p)
		if n.released {
			t.sayHeld()
		}
		return
	}
	<-n.done
	n.pieces = nil
	n.cancel(nil)
	t.forget(n)
	t.maybeFinish()
}

// forget drops the changes that n brought into the conversation.
func (t *talk) forget(n *turn) {
	t.todo.changes = t.todo.changes[n.applied:]
	n.applied = 0
}

// sayHeld hands what the answer holds to the player, or shows it where there is no sound.
func (t *talk) sayHeld() {
	n := t.turn
	for _, p := range n.held {
		t.tell(n, p.Heard)
		if n.resp.Modality == Audio && p.Text != "" && len(p.PCM) == 0 && !n.out.unspoken {
			n.out.unspoken = true
			t.s.emit(SpeechUnavailable{ResponseID: n.resp.ID, Language: p.Language})
		}
		t.s.play.push(p)
	}
	clear(n.held)
	n.held = n.held[:0]
}

// asks notes which utterance n answers, where its words come with the answer.
func (n *turn) asks(u *utterance) {
	if u.final != nil && u.final.Wordless {
		n.question = u.itemID
	}
}

// tell tells what the model took the user's speech for.
func (t *talk) tell(n *turn, heard string) {
	if heard == "" || n.question == "" || !t.set.Transcription {
		return
	}
	t.s.emit(InputTranscriptDelta{ItemID: n.question, Delta: heard})
	t.s.emit(InputTranscriptDone{ItemID: n.question, Transcript: heard, TextTokens: len(strings.Fields(heard))})
	n.question = ""
}

// onProgress tells of what was heard since the last time.
func (t *talk) onProgress() {
	n := t.turn
	if n == nil || !n.released {
		return
	}
	p := t.s.play.progress()
	t.note(n, p)
	t.maybeFinish()
}

// note tells of what the answer has come past: sound, words, calls and pictures, each behind what was said before it.
func (t *talk) note(n *turn, p progress) {
	if p.Pos > 0 {
		n.out.mark = p.Pos
	}
	n.out.samples = p.Samples
	for _, s := range p.Said {
		if s.text != "" {
			t.sounds(n, p)
			t.words(n, s.text)
		}
		for _, c := range s.calls {
			t.call(n, c)
		}
		if s.drawing != nil {
			t.paint(n.resp.ID, s.drawing)
		}
	}
	t.sounds(n, p)
}

// sounds tells, once, that the answer is heard.
func (t *talk) sounds(n *turn, p progress) {
	if p.Started.IsZero() || n.out.sounding {
		return
	}
	n.out.sounding = true
	t.open(n)
	t.s.emit(OutputAudioStarted{n.resp.ID})
	t.s.emit(TurnLatency{ResponseID: n.resp.ID, Latency: n.latency(p.Started)})
}

func (t *talk) words(n *turn, text string) {
	t.open(n)
	n.out.said.WriteString(text)
	if n.resp.Modality == Text {
		t.s.emit(OutputTextDelta{n.resp.ID, n.message.item.ID, text})
	} else {
		t.s.emit(OutputTranscriptDelta{n.resp.ID, n.message.item.ID, text})
	}
}

// open tells of the answer's message, once there is something to hear or to read.
func (t *talk) open(n *turn) {
	if n.message.open {
		return
	}
	it := Item{ID: newID("item"), Role: RoleAssistant, Status: StatusInProgress}
	n.message = message{item: it, previous: t.todo.lastID, open: true, at: len(n.resp.Output)}
	t.todo.lastID = it.ID
	n.resp.Output = append(n.resp.Output, it)
	t.s.emit(OutputItemAdded{ResponseID: n.resp.ID, Item: it})
	t.s.emit(ItemAdded{Item: it, Previous: n.message.previous})
	t.s.emit(ContentPartAdded{ResponseID: n.resp.ID, ItemID: it.ID, Part: n.part("")})
}

// maybeFinish closes the answer once it has been generated and said to the end.
func (t *talk) maybeFinish() {
	n := t.turn
	if n == nil || n.pieces != nil || len(n.held) > 0 {
		return
	}
	if !n.released {
		return
	}
	p := t.s.play.progress()
	t.note(n, p)
	if !p.Empty {
		return
	}
	status, reason := StatusCompleted, ""
	switch {
	case n.err == nil:
	case errors.Is(n.err, model.ErrMaxTokens):
		status, reason = StatusIncomplete, "max_output_tokens"
	default:
		status = StatusFailed
		n.resp.Err = n.err
		t.s.cfg.Log.Error("answer", "err", n.err)
	}
	t.close(n, status, reason)
	t.next()
}

// close tells of the answer's end.
func (t *talk) close(n *turn, status, reason string) {
	t.turn = nil
	text := n.out.said.String()
	if m := &n.message; m.open {
		m.item.Status = StatusCompleted
		if status != StatusCompleted {
			m.item.Status = StatusIncomplete
		}
		m.item.Content = []Part{n.part(text)}
		n.resp.Output[m.at] = m.item
		t.s.emit(OutputDone{ResponseID: n.resp.ID, Item: m.item, Previous: m.previous})
	}
	n.resp.Status, n.resp.Reason = status, reason
	n.resp.Usage.OutputText += len(strings.Fields(text))
	n.resp.Usage.OutputAudio = n.out.samples * 10 / model.OutputRate
	t.s.emit(ResponseDone{n.resp})
	if n.out.sounding && status != StatusCancelled { // which cleared what was left
		t.s.emit(OutputAudioStopped{n.resp.ID})
	}
}

// next answers what the user said while the last answer was being said.
func (t *talk) next() {
	if t.todo.reply && t.turn == nil {
		t.start(job{opt: t.options()}, Response{})
	}
}

// undo throws away an answer that nobody heard.
func (t *talk) undo(why error) {
	n := t.turn
	if n == nil || n.released {
		return
	}
	n.stop(why)
	t.forget(n)
	t.turn = nil
	t.truncate(n.base)
}

// interrupt cuts the answer at what was heard. The wire is silent before anything else happens.
func (t *talk) interrupt(why error, reason string) {
	n := t.turn
	if n == nil || !n.released {
		return
	}
	p := t.s.play.progress()
	t.s.play.cut()
	t.note(n, p)
	n.stop(why)
	t.forget(n)
	if n.out.mark > 0 {
		t.truncate(n.out.mark)
	} else {
		t.truncate(n.base) // not even the question had been taken in
	}
	if n.out.sounding {
		t.s.emit(OutputAudioCleared{n.resp.ID})
		t.s.emit(ItemTruncated{
			ItemID: n.message.item.ID, Heard: n.out.said.String(), AudioEndMS: int64(n.out.samples) * 1000 / model.OutputRate,
		})
	}
	t.close(n, StatusCancelled, reason)
}

// truncate cuts the conversation; a reply that ended before it knew where it began has left nothing to cut.
func (t *talk) truncate(pos int) {
	if pos < 0 {
		return
	}
	if err := t.s.conv.Truncate(pos); err != nil {
		t.fail(&Error{Type: "server_error", Code: "truncate_failed", Message: fmt.Sprintf("cutting the conversation: %v", err)})
	}
}

func (t *talk) fail(e *Error) { t.s.emit(Failed{e}) }

package streaming

import (
	"context"
	"sync"
	"time"

	"omnilive/media"
	"omnilive/model"
)

// maxAhead is how much sound a player holds before it asks the reply to wait, in samples.
const maxAhead = 12 * media.OutputRate

// lateLimit is how far the pacer may fall behind before it starts a new schedule instead of catching up.
const lateLimit = 200 * time.Millisecond

// fade is how long the last sound takes to die away when it is cut, in samples (10 ms: no click, and still within the next frame).
const fade = media.OutputRate / 100

// A said is what a reply has come past: words that were heard, or what the model did between them.
type said struct {
	text    string
	calls   []model.ToolCall
	drawing *model.Drawing
}

// A progress says how far a reply has been heard.
type progress struct {
	Said    []said    // since the last call, in order
	Pos     int       // the conversation's length that matches; 0: unchanged
	Samples int       // heard of this reply, in all
	Started time.Time // when its first sample went out; zero: not yet
	Empty   bool      // nothing is left to say
}

// A player says what it is given, one frame every 20 ms, silence when there is nothing. It is the only clock of
// the way out, and what has left it is what was heard. push, cut, progress and room may be called by converse
// while run runs.
type player struct {
	out  media.AudioWriter
	wake chan struct{} // capacity 1: progress has something new

	mu    sync.Mutex
	queue []model.Piece
	off   int // samples said of queue[0]
	mark  int // marks passed of queue[0]
	held  int // samples in the queue
	tail  []float32
	now   progress
	gain  float32 // 1; less while ducked
	level float32 // the gain the last frame ended with
	gone  playout
	hush  int                        // frames since the last one with sound
	dry   int                        // samples of silence since the sound of an answer under way
	empty func(lasted time.Duration) // told of an underrun; may be nil
}

func newPlayer(out media.AudioWriter, underrun func(lasted time.Duration)) *player {
	return &player{out: out, wake: make(chan struct{}, 1), gain: 1, level: 1, empty: underrun}
}

// push adds p to what is to be said. Sound that comes after the sound before it has ended comes too late: the pacer has run
// dry in the middle of an answer.
func (p *player) push(piece model.Piece) {
	p.mu.Lock()
	p.queue = append(p.queue, piece)
	p.held += len(piece.PCM)
	dry := 0
	if len(piece.PCM) > 0 {
		dry, p.dry = p.dry, 0
	}
	p.mu.Unlock()
	if dry > 0 && p.empty != nil {
		p.empty(time.Duration(dry) * time.Second / media.OutputRate)
	}
}

// room says whether the reply may go on.
func (p *player) room() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held < maxAhead
}

// cut throws away what is still to be said, and forgets how far the reply was.
func (p *player) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) > 0 {
		rest := p.queue[0].PCM[p.off:]
		p.tail = append(p.tail[:0], rest[:min(fade, len(rest))]...)
		for i := range p.tail {
			p.tail[i] *= p.level * float32(len(p.tail)-i) / float32(len(p.tail))
		}
	}
	clear(p.queue)
	p.queue, p.off, p.mark, p.held = p.queue[:0], 0, 0, 0
	p.now, p.dry = progress{}, 0
	p.gain, p.level = 1, 1
}

// duck lowers the voice while it is not clear whether the user means to interrupt.
func (p *player) duck(gain float32) {
	p.mu.Lock()
	p.gain = gain
	p.mu.Unlock()
}

// progress returns what was heard since the last call.
func (p *player) progress() progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.now
	r.Empty = len(p.queue) == 0
	p.now.Said = nil
	return r
}

// begin forgets how far the reply before was; the next push belongs to a new one.
func (p *player) begin() {
	p.mu.Lock()
	p.now, p.dry = progress{}, 0
	p.mu.Unlock()
}

// run keeps the pace until ctx ends. The schedule is absolute: a late frame is followed by an early one.
func (p *player) run(ctx context.Context) error {
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	frame := media.Frame{PCM: make([]float32, 0, media.OutputFrame)}
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
		}
		p.fill(&frame)
		if err := p.out.WriteFrame(ctx, &frame); err != nil {
			return err
		}
		frame.PTS += media.OutputFrame
		next = next.Add(media.FrameTime)
		if wait := time.Until(next); wait > -lateLimit {
			timer.Reset(max(wait, 0))
			continue
		}
		next = time.Now()
		timer.Reset(0)
	}
}

// fill puts the next 20 ms into f: empty when there is nothing to say.
func (p *player) fill(f *media.Frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f.PCM = append(f.PCM[:0], p.tail...)
	p.tail = p.tail[:0]
	news := p.passMarks()
	for len(p.queue) > 0 && len(f.PCM) < media.OutputFrame {
		rest := p.queue[0].PCM[p.off:]
		n := min(len(rest), media.OutputFrame-len(f.PCM))
		f.PCM = append(f.PCM, rest[:n]...)
		if n > 0 && p.now.Started.IsZero() {
			p.now.Started, news = time.Now(), true
		}
		p.off, p.held, p.now.Samples = p.off+n, p.held-n, p.now.Samples+n
		news = p.passMarks() || news
	}
	p.shade(f.PCM)
	if p.now.Samples > 0 { // else nothing of the answer was heard yet
		p.dry += media.OutputFrame - len(f.PCM)
	}
	if len(f.PCM) > 0 {
		for len(f.PCM) < media.OutputFrame {
			f.PCM = append(f.PCM, 0)
		}
	}
	p.gone.add(f.PCM)
	if p.hush++; len(f.PCM) > 0 {
		p.hush = 0
	}
	if news {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// echoes says whether what went out may still be coming back.
func (p *player) echoes() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hush < (echoReach+echoWindow)*50/echoRate && p.gone.full
}

// played copies the newest sound that went out, for the echo check.
func (p *player) played(dst []float32) []float32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gone.newest(dst)
}

// passMarks takes down the marks that have been reached and drops pieces that are through.
func (p *player) passMarks() (news bool) {
	for len(p.queue) > 0 {
		q := &p.queue[0]
		for p.mark < len(q.Marks) && q.Marks[p.mark].Samples <= p.off {
			from := 0
			if p.mark > 0 {
				from = q.Marks[p.mark-1].TextEnd
			}
			p.pass(said{text: q.Text[from:q.Marks[p.mark].TextEnd]})
			p.now.Pos = q.Marks[p.mark].Pos
			p.mark++
			news = true
		}
		if p.off < len(q.PCM) {
			return news
		}
		if len(q.Marks) == 0 {
			p.pass(said{text: q.Text})
			p.now.Pos = q.Pos
		}
		if len(q.Calls) > 0 || q.Drawing != nil { // its turn comes behind all that was said before it
			p.pass(said{calls: q.Calls, drawing: q.Drawing})
			p.now.Pos = q.Pos
		}
		p.queue[0] = model.Piece{}
		p.queue, p.off, p.mark, news = p.queue[1:], 0, 0, true
	}
	return news
}

// pass notes what the reply has come past.
func (p *player) pass(s said) {
	last := len(p.now.Said) - 1
	switch {
	case s.text == "" && len(s.calls) == 0 && s.drawing == nil:
	case s.text != "" && last >= 0 && p.now.Said[last].text != "":
		p.now.Said[last].text += s.text
	default:
		p.now.Said = append(p.now.Said, s)
	}
}

// shade moves the loudness towards the gain, over one frame.
func (p *player) shade(pcm []float32) {
	if p.level == 1 && p.gain == 1 {
		return
	}
	step := (p.gain - p.level) / float32(media.OutputFrame)
	for i := range pcm {
		pcm[i] *= p.level + step*float32(i)
	}
	p.level = p.gain
}

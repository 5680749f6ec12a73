package streaming

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"omnilive/media"
	"omnilive/model"
)

// fakeMic speaks a script of loud and quiet stretches, in real (virtual) time.
type fakeMic struct {
	loud  []span // in milliseconds
	until int64  // milliseconds
	off   span   // when it sends nothing but zeros, in milliseconds
	gone  span   // when it sends nothing at all, in milliseconds; what comes behind it comes so much later
	pts   int64
	echo  func(frame int) []float32 // what the loudspeaker adds; nil: nothing
}

type span struct{ from, to int64 }

func (m *fakeMic) ReadFrame(ctx context.Context, f *media.Frame) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(media.FrameTime):
	}
	at := m.pts * 1000 / media.InputRate
	if m.gone.to > 0 && at == m.gone.from {
		time.Sleep(time.Duration(m.gone.to-m.gone.from) * time.Millisecond)
	}
	if at >= m.until {
		return io.EOF
	}
	f.PTS, f.PCM = m.pts, f.PCM[:0]
	level := float32(0.0001)
	for _, s := range m.loud {
		if at >= s.from && at < s.to {
			level = 0.5
		}
	}
	if at >= m.off.from && at < m.off.to {
		level = 0
	}
	for i := range media.InputRate / 50 {
		f.PCM = append(f.PCM, level*voice(int(m.pts)+i))
	}
	if m.echo != nil {
		for i, v := range m.echo(int(m.pts) / (media.InputRate / 50)) {
			f.PCM[i] += v
		}
	}
	m.pts += int64(len(f.PCM))
	return nil
}

// voice is a noise of amplitude 1 that looks the same at no two moments.
func voice(i int) float32 {
	x := uint32(i)*2654435761 + 12345
	x ^= x >> 15
	x *= 2246822519
	return float32(int32(x)>>16) / 32768
}

// fakeVAD calls loud what is loud.
type fakeVAD struct{}

func (fakeVAD) Probability(hop []float32) (float32, error) {
	if slices.Max(hop) > 0.1 {
		return 0.9, nil
	}
	return 0.05, nil
}
func (fakeVAD) Reset() {}
func (fakeVAD) Close() {}

// fakeOut records when there was sound.
type fakeOut struct {
	mu    sync.Mutex
	start time.Time
	loud  []int64   // milliseconds since start of every frame with sound
	peak  []float32 // its loudest sample
	sent  [][]float32
}

func (o *fakeOut) WriteFrame(_ context.Context, f *media.Frame) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, append(slices.Clone(f.PCM), make([]float32, media.OutputFrame-len(f.PCM))...))
	if len(f.PCM) > 0 && slices.Max(f.PCM) > 0.01 {
		o.loud = append(o.loud, time.Since(o.start).Milliseconds())
		o.peak = append(o.peak, slices.Max(f.PCM))
	}
	return nil
}

// between counts the frames with sound from one moment up to another.
func (o *fakeOut) between(from, to int64) int {
	n := 0
	for _, t := range o.loud {
		if t >= from && t < to {
			n++
		}
	}
	return n
}

// back is what went out as the nth frame, at gain and at the input rate.
func (o *fakeOut) back(n int, gain float32) []float32 {
	o.mu.Lock()
	defer o.mu.Unlock()
	pcm := make([]float32, media.InputRate/50)
	if n >= 0 && n < len(o.sent) {
		for i := range pcm {
			pcm[i] = gain * o.sent[n][i*3/2]
		}
	}
	return pcm
}

// quietest is the smallest peak of the frames from one moment up to another.
func (o *fakeOut) quietest(from, to int64) float32 {
	q := float32(1)
	for i, t := range o.loud {
		if t >= from && t < to {
			q = min(q, o.peak[i])
		}
	}
	return q
}

// fakeModel hears a script and answers in words of 300 ms each. Its memory is a list of words, one position each.
type fakeModel struct {
	hears  []string // the transcript of each final, in order; the last one stays
	answer string
	bare   bool          // it begins with nothing in its memory
	hear   time.Duration // what a recognition takes
	think  time.Duration // to the first word
	open   int
	conv   *fakeConv

	most, painting atomic.Int32 // pictures at once
}

func (m *fakeModel) Abilities() model.Abilities {
	return model.Abilities{Name: "fake", Voices: []string{"heart"}, Sees: true, Draws: true, Calls: true}
}
func (m *fakeModel) Warm(context.Context) error { return nil }
func (m *fakeModel) Close() error               { return nil }
func (m *fakeModel) NewConversation(_ context.Context, o model.Options) (model.Conversation, error) {
	m.open++
	m.conv = &fakeConv{m: m, words: []string{"<system>"}, tools: o.Tools}
	if m.bare {
		m.conv.words = nil
	}
	return m.conv, nil
}

// piece is what a word of the script makes the answer do: it is said; "call:NAME" calls a tool, "draw:MS" draws a picture
// that takes so long to paint, and never ends where MS is 0.
func (m *fakeModel) piece(word string, pos int) model.Piece {
	if name, ok := strings.CutPrefix(word, "call:"); ok {
		return model.Piece{Pos: pos, Calls: []model.ToolCall{{Name: name, Arguments: json.RawMessage(`{"a":1}`)}}}
	}
	if wait, ok := strings.CutPrefix(word, "draw:"); ok {
		n, _ := strconv.Atoi(wait)
		return model.Piece{Pos: pos, Drawing: &model.Drawing{Width: 4, Height: 2, Paint: func(ctx context.Context, show func(float64, *model.Picture)) (model.Picture, error) {
			return m.paint(ctx, time.Duration(n)*time.Millisecond, show)
		}}}
	}
	return model.Piece{Text: " " + word, Pos: pos}
}

var fakePicture = model.Picture{Width: 4, Height: 2, RGB: make([]byte, 24)}

// paint shows something each 50 ms.
func (m *fakeModel) paint(ctx context.Context, d time.Duration, show func(float64, *model.Picture)) (model.Picture, error) {
	m.most.Store(max(m.most.Load(), m.painting.Add(1)))
	defer m.painting.Add(-1)
	for at := time.Duration(0); d == 0 || at < d; at += 50 * time.Millisecond {
		if d > 0 {
			show(float64(at)/float64(d), &fakePicture)
		}
		select {
		case <-ctx.Done():
			return model.Picture{}, context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
	if d == 13*time.Millisecond {
		return model.Picture{}, errors.New("out of paint")
	}
	return fakePicture, nil
}

type fakeConv struct {
	tools  []model.Tool
	opts   []model.ReplyOptions // of each reply
	m      *fakeModel
	mu     sync.Mutex
	words  []string
	last   string
	finals int
}

func (c *fakeConv) Hear(ctx context.Context, pcm []float32, o model.HearOptions) (model.Transcript, error) {
	select {
	case <-ctx.Done():
		return model.Transcript{}, ctx.Err()
	case <-time.After(c.m.hear):
	}
	loud, was := 0, false
	for i := 0; i < len(pcm); i += 320 {
		is := slices.Max(pcm[i:min(i+320, len(pcm))]) > 0.1
		if is && !was {
			loud++
		}
		was = is
	}
	if loud == 0 {
		return model.Transcript{}, nil
	}
	text := c.m.hears[0]
	if o.Final {
		text = c.m.hears[min(c.finals, len(c.m.hears)-1)]
		c.last = text
		c.finals++
	}
	return model.Transcript{Text: text, Language: "en"}, nil
}

func (c *fakeConv) See(context.Context, model.Picture, model.SeeOptions) (string, error) {
	return "a red apple", nil
}

func (c *fakeConv) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.words)
}

func (c *fakeConv) push(w ...string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.words = append(c.words, w...)
	return len(c.words)
}

func (c *fakeConv) Truncate(pos int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if pos > len(c.words) || pos < 0 {
		return fmt.Errorf("truncate to %d of %d", pos, len(c.words))
	}
	c.words = c.words[:pos]
	return nil
}

func (c *fakeConv) Add(_ context.Context, in model.Input) error {
	switch {
	case len(in.Text) > 1000:
		return model.ErrContextFull
	case in.Tool != "":
		c.push("<" + in.Role + " " + in.Tool + ":" + in.Text + ">")
	case len(in.Calls) > 0:
		c.push("<" + in.Role + " called " + in.Calls[0].Name + string(in.Calls[0].Arguments) + ">")
	case in.Frame:
		c.push("<frame " + in.Text + ">")
	default:
		c.push("<" + in.Text + ">")
	}
	return nil
}

func (c *fakeConv) Instruct(_ context.Context, s string, tools []model.Tool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tools = tools
	c.words[0] = "<system:" + s + ">"
	return nil
}
func (c *fakeConv) Close() { c.m.open-- }
func (c *fakeConv) Reply(ctx context.Context, in *model.Input, o model.ReplyOptions) iter.Seq2[model.Piece, error] {
	c.opts = append(c.opts, o)
	return func(yield func(model.Piece, error) bool) {
		if in != nil {
			text := in.Text
			if in.Heard {
				text = c.last
			}
			c.push("<" + text + ">")
		}
		select {
		case <-ctx.Done():
			yield(model.Piece{}, ctx.Err())
			return
		case <-time.After(c.m.think):
		}
		if !yield(model.Piece{Pos: c.Len()}, nil) {
			return
		}
		for _, w := range strings.Fields(c.m.answer) {
			p := c.m.piece(w, c.push(w))
			if !o.TextOnly && p.Text != "" {
				p.PCM = make([]float32, model.OutputRate*3/10)
				for i := range p.PCM {
					p.PCM[i] = voice(i/3+7777*p.Pos) / 2 // below 4 kHz, as far as it matters here
				}
				p.Marks = []model.Mark{{Samples: len(p.PCM), TextEnd: len(p.Text), Pos: p.Pos}}
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

// fakeEye is a camera that shows the same at every look.
type fakeEye struct{}

func (*fakeEye) Look(ctx context.Context) (media.Picture, error) {
	select {
	case <-ctx.Done():
		return media.Picture{}, context.Cause(ctx)
	case <-time.After(30 * time.Millisecond):
	}
	return media.Picture{Width: 16, Height: 16, RGB: make([]byte, 3*16*16)}, nil
}

// A scene is a call in virtual time.
type scene struct {
	mic    *fakeMic
	out    *fakeOut
	model  *fakeModel
	cfg    Config
	do     map[int64]Command        // by millisecond
	later  map[int64]func() Command // those that depend on what has come
	camera media.PictureReader
	mu     sync.Mutex // guards what follows while the call runs
	events []Event
	at     []int64
}

func newScene(until int64, loud ...span) *scene {
	return &scene{
		mic: &fakeMic{loud: loud, until: until}, out: &fakeOut{}, do: map[int64]Command{},
		model: &fakeModel{hears: []string{"What is it?"}, answer: "one two three four five six seven eight", hear: 60 * time.Millisecond, think: 150 * time.Millisecond},
		cfg:   Config{Complete: func(string, string) float64 { return 0.9 }},
	}
}

func (s *scene) run(t *testing.T) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s.out.start = start
		s.cfg.Model = s.model
		s.cfg.NewSpeech = func() (model.SpeechDetector, error) { return fakeVAD{}, nil }
		ses, err := NewSession(s.cfg, Ports{Mic: s.mic, Out: s.out, Camera: s.camera, Emit: func(e Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events, s.at = append(s.events, e), append(s.at, time.Since(start).Milliseconds())
		}})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for at, c := range s.do {
			if s.later == nil {
				s.later = map[int64]func() Command{}
			}
			s.later[at] = func() Command { return c }
		}
		for at, c := range s.later {
			wg.Go(func() {
				time.Sleep(time.Duration(at) * time.Millisecond)
				if err := ses.Do(t.Context(), c()); err != nil {
					t.Error(err)
				}
			})
		}
		if err := ses.Run(t.Context()); err != nil {
			t.Errorf("run: %v", err)
		}
		wg.Wait()
		if s.model.open != 0 {
			t.Errorf("%d conversations left open", s.model.open)
		}
	})
}

// names are the types of the events, in order.
func (s *scene) names() string {
	var b strings.Builder
	for i, e := range s.events {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strings.TrimPrefix(fmt.Sprintf("%T", e), "streaming."))
	}
	return b.String()
}

// find returns the nth event of a type and when it came.
func find[T Event](t *testing.T, s *scene, n int) (e T, at int64) {
	t.Helper()
	for i, x := range s.events {
		if v, ok := x.(T); ok {
			if n == 0 {
				return v, s.at[i]
			}
			n--
		}
	}
	t.Fatalf("no such %T; events: %s", e, s.names())
	return e, 0
}

func count[T Event](s *scene) (n int) {
	for _, x := range s.events {
		if _, ok := x.(T); ok {
			n++
		}
	}
	return n
}

package live

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"omnilive/model"
	"omnilive/model/llama"
	"omnilive/model/omni"
	"omnilive/model/omni/prompt"
)

// openWith loads the tiny checkpoint for so many calls with windows of that size.
func openWith(t testing.TB, sequences, positions int, o Options) *Model {
	t.Helper()
	return openEngine(t, llama.EngineOptions{
		ContextPerSequence: positions, Sequences: sequences, Batch: 512, KVType: llama.KVF32, FlashAttn: llama.FlashOff,
	}, o)
}

func openEngine(t testing.TB, e llama.EngineOptions, o Options) *Model {
	t.Helper()
	lib := os.Getenv("OMNILIVE_LIB")
	if lib == "" {
		t.Skip("OMNILIVE_LIB is not set; make test sets it")
	}
	if err := llama.Open(filepath.Join(lib, "llama")); err != nil {
		t.Fatal(err)
	}
	f, err := omni.OpenFolder(checkpointDir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	m, err := omni.Load(context.Background(), f, omni.Options{
		Threads: 1, CPUOnly: true, Cache: t.TempDir(), Engine: e,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	l, err := New(context.Background(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A scribe writes down what a conversation's window has to hold, from what was said and shown alone, and has the code of
// `omnilive ask` answer from a window filled at once with it. It shares nothing with Conversation but the networks.
type scribe struct {
	t     *testing.T
	l     *Model
	ids   [][]int32 // between media, or
	rows  [][]float32
	media prompt.Counters
	open  bool
	owed  bool // speech whose words are not written
}

func (s *scribe) text(words string) {
	ids, err := s.l.m.Vocabulary.Text(words)
	if err != nil {
		s.t.Error(err)
	}
	s.put(ids)
}

func (s *scribe) put(ids []int32) { s.ids, s.rows = append(s.ids, ids), append(s.rows, nil) }

// message writes a user's message whole; what had been shown before it is part of it.
func (s *scribe) message(m prompt.Message, items []omni.Item) {
	m.Role, m.Resumed = "user", s.open
	s.open = m.Open
	pieces, err := s.l.m.Vocabulary.Prompt(&prompt.Conversation{Messages: []prompt.Message{m}, Before: s.media}, prompt.Rows)
	if err != nil {
		s.t.Error(err)
		return
	}
	for _, p := range pieces {
		if p.Slot == prompt.None || p.Rows == 0 {
			s.put(p.Tokens)
			continue
		}
		rows, err := omni.RowsOf(p, items)
		if err != nil {
			s.t.Error(err)
		}
		s.ids, s.rows = append(s.ids, nil), append(s.rows, rows)
	}
	s.media.Count(m)
}

// answer returns the ids that `omnilive ask` answers with.
func (s *scribe) answer(o model.ReplyOptions) []int32 {
	ctx := context.Background()
	w, err := s.l.m.NewWindow()
	if err != nil {
		s.t.Error(err)
		return nil
	}
	defer w.Close()
	for i, ids := range s.ids {
		if ids == nil {
			err = w.Sequence().AppendEmbeddings(ctx, s.rows[i])
		} else {
			err = w.Append(ctx, ids)
		}
		if err != nil {
			s.t.Error(err)
			return nil
		}
	}
	var got []int32
	a := omni.AnswerOptions{Sampling: s.l.o.Sampling, Taken: func(id int32) { got = append(got, id) }}
	if o.TextOnly {
		a.MaxPicked = s.l.o.Words
	} else {
		a.Speech, a.Units = true, s.l.o.Units
		a.Aloud = &prompt.Aloud{Heard: s.owed, Info: "{}", Words: s.l.o.Words}
	}
	for _, err := range w.Answer(ctx, a) {
		if err != nil && err != omni.ErrLength {
			s.t.Error(err)
		}
	}
	return got
}

// A rival is a conversation and its scribe.
type rival struct {
	t *testing.T
	c *Conversation
	s *scribe
	r *rand.Rand
	n string // which one, for messages
}

const generation = "<|im_start|>assistant\n<think>\n\n</think>\n\n"

func newRival(t *testing.T, l, reference *Model, seed uint64, system string) *rival {
	c, err := l.NewConversation(context.Background(), model.Options{Instructions: system})
	if err != nil {
		t.Fatal(err)
	}
	s := &scribe{t: t, l: reference}
	s.text("<|im_start|>system\n" + system + "<|im_end|>\n")
	return &rival{t: t, c: c.(*Conversation), s: s, r: rand.New(rand.NewPCG(seed, 9)), n: fmt.Sprint("seed ", seed)}
}

// snip is a stretch of speech at random.
func (v *rival) snip(x []float32) []float32 {
	n := 4000 + v.r.IntN(12000)
	at := v.r.IntN(max(1, len(x)-n))
	return x[at:min(at+n, len(x))]
}

func scene(r *rand.Rand) model.Picture {
	p := model.Picture{Width: 56, Height: 56, RGB: make([]byte, 3*56*56)}
	for i := range p.RGB {
		p.RGB[i] = byte(r.IntN(256))
	}
	return p
}

// glance shows frames while nobody asks.
func (v *rival) glance(at time.Duration) {
	ctx := context.Background()
	a, b := scene(v.r), scene(v.r)
	for i, p := range []model.Picture{a, b} {
		if _, err := v.c.See(ctx, p, model.SeeOptions{At: at + time.Duration(i)*500*time.Millisecond}); err != nil {
			v.t.Error(err)
		}
	}
	it, err := v.s.l.m.Video(ctx, omni.Clip{Frames: []model.Picture{a, b}, FPS: 2})
	if err != nil {
		v.t.Error(err)
	}
	v.s.message(prompt.Message{Open: true, Parts: []prompt.Part{{Text: clock(at)}, {Kind: prompt.Video, Media: it.Media}}}, []omni.Item{it})
}

// turn asks: some guesses that are thrown away, the question, and the answer up to wherever it is interrupted.
func (v *rival) turn(speech []float32) {
	ctx := context.Background()
	in := &model.Input{Heard: true, Camera: true}
	var items []omni.Item
	m := prompt.Message{}
	if v.r.IntN(2) == 0 {
		p := scene(v.r)
		if _, err := v.c.See(ctx, p, model.SeeOptions{Now: true}); err != nil {
			v.t.Error(err)
		}
		it, err := v.s.l.m.Video(ctx, omni.Clip{Frames: []model.Picture{p, p}, FPS: 2})
		if err != nil {
			v.t.Error(err)
		}
		items, m.Parts = append(items, it), append(m.Parts, prompt.Part{Kind: prompt.Video, Media: it.Media})
	}
	o := model.ReplyOptions{TextOnly: v.r.IntN(4) == 0}
	if v.r.IntN(4) == 0 {
		in = &model.Input{Text: fmt.Sprintf("질문 %d: what now?", v.r.IntN(100)), Camera: true}
		m.Parts = append(m.Parts, prompt.Part{Text: in.Text})
	} else {
		v.guess(speech)
		if _, err := v.c.Hear(ctx, speech, model.HearOptions{Final: true}); err != nil {
			v.t.Error(err)
		}
		it, err := v.s.l.m.Audio(ctx, speech)
		if err != nil {
			v.t.Error(err)
		}
		items, m.Parts = append(items, it), append(m.Parts, prompt.Part{Kind: prompt.Audio, Media: it.Media})
		v.s.owed = true
	}
	v.s.message(m, items)
	v.s.text(generation)
	want := v.s.answer(o)
	leave := 0
	if v.r.IntN(2) == 0 {
		leave = 1 + v.r.IntN(4)
	}
	v.compare(in, o, leave, want)
}

// guess answers the beginning of the speech, as at a pause, and takes it back.
func (v *rival) guess(speech []float32) {
	for range v.r.IntN(3) {
		if _, err := v.c.Hear(context.Background(), speech[:len(speech)/2+v.r.IntN(len(speech)/2)], model.HearOptions{Final: true}); err != nil {
			v.t.Error(err)
		}
		base := v.c.Len()
		n := v.r.IntN(3)
		for range v.c.Reply(context.Background(), &model.Input{Heard: true, Camera: true}, model.ReplyOptions{}) {
			if n--; n < 0 {
				break
			}
		}
		if err := v.c.Truncate(base); err != nil {
			v.t.Error(err)
		}
	}
}

// compare has the conversation answer and be interrupted behind so many pieces; the scribe writes what is left.
func (v *rival) compare(in *model.Input, o model.ReplyOptions, leave int, want []int32) {
	var last model.Piece
	n := 0
	var live *answer
	for p, err := range v.c.Reply(context.Background(), in, o) {
		if err != nil && err != model.ErrMaxTokens {
			v.t.Errorf("%s: %v", v.n, err)
			return
		}
		live = v.c.answer
		if len(p.PCM) > 0 || p.Text != "" {
			last, n = p, n+1
		}
		if leave > 0 && n == leave {
			break
		}
	}
	got := live.ids
	if len(got) > len(want) || !slices.Equal(got, want[:len(got)]) {
		v.t.Errorf("%s: live answers %v, ask %v", v.n, got, want)
		return
	}
	whole := live.whole
	if whole && len(got) != len(want) {
		v.t.Errorf("%s: live answers %d ids, ask %d", v.n, len(got), len(want))
	}
	cut := -1
	switch {
	case leave == 0:
	case o.TextOnly:
		cut = last.Pos - v.c.shift - live.s.at - live.opening
	case !whole || last.Pos-live.first < len(live.units):
		cut = last.Pos - live.first
	}
	if o.TextOnly && whole && leave > 0 && cut == len(want) {
		cut = -1
	}
	v.s.written(o, want, cut)
	if leave > 0 {
		if err := v.c.Truncate(last.Pos); err != nil {
			v.t.Errorf("%s: %v", v.n, err)
		}
	}
}

// written writes an answer, or what was heard of it: so many units of a spoken one, so many ids of one without sound; less
// than none is all.
func (s *scribe) written(o model.ReplyOptions, want []int32, cut int) {
	v := s.l.m.Vocabulary
	s.owed = s.owed && o.TextOnly
	switch {
	case cut < 0:
		s.put(want)
		if want[len(want)-1] == v.Marks.TurnEnd {
			s.text("\n")
		} else {
			s.text("<|im_end|>\n")
		}
	case !o.TextOnly:
		said := followed{decode: v.Tokenizer.NewDecoder(true)}
		var units []int32
		for _, id := range want {
			said.take(id)
			if v.Units.Has(id) && len(units) < cut {
				units = append(units, id)
			}
		}
		a := answer{words: said.between("<assistant_transcript>", "</assistant_transcript>")}
		s.put(want[:a.words.from+a.words.upTo(a.textAt(cut))])
		s.text("</assistant_transcript>\n<audio_decoder_call>\n<speaker_info>{}</speaker_info>\n<discrete_audio>\n<|discrete_audio_start|>")
		s.put(units)
		s.text("<|discrete_audio_end|></discrete_audio>\n</audio_decoder_call><|im_end|>\n")
	default:
		s.put(want[:cut])
		s.text("<|im_end|>\n")
	}
}

// Whatever comes in whatever order, every answer of a call is that of `omnilive ask` to the same input: with guesses at pauses,
// interruptions behind any piece, frames in between, with one call and with eight in the batch.
func TestCallsAnswerAsAskDoes(t *testing.T) {
	for _, calls := range []int{1, 8} {
		t.Run(fmt.Sprint(calls, " calls"), func(t *testing.T) {
			o := Options{Words: 8, Units: 40}
			l := openWith(t, calls, 8192, o)
			reference := openWith(t, calls, 8192, o)
			x := wave(t, "question.wav")
			turns := 8 / min(calls, 4)
			var all sync.WaitGroup
			for i := range calls {
				v := newRival(t, l, reference, uint64(100*calls+i), "You are CLOVA X.")
				all.Go(func() {
					defer v.c.Close()
					for j := range turns {
						for range v.r.IntN(3) {
							v.glance(time.Duration(j)*time.Minute + time.Duration(v.r.IntN(50))*time.Second)
						}
						v.turn(v.snip(x))
					}
				})
			}
			all.Wait()
		})
	}
}

package live

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"omnilive/model"
	"omnilive/model/llama"
	"omnilive/model/omni"
)

const checkpointDir = "../verify/testdata/omni-whole"

// open loads the tiny checkpoint for calls; its answers are short, since its random weights never end one.
func open(t testing.TB, calls int) *Model {
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
		Threads: 1, CPUOnly: true, Cache: t.TempDir(),
		Engine: llama.EngineOptions{ContextPerSequence: 4096, Sequences: calls, Batch: 512, KVType: llama.KVF32, FlashAttn: llama.FlashOff},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	l, err := New(context.Background(), m, Options{System: "You are CLOVA X. You can see, hear and speak.", Words: 12, Units: 60})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func begin(t testing.TB, l *Model) *Conversation {
	t.Helper()
	c, err := l.NewConversation(context.Background(), model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c.(*Conversation)
}

// wave reads 16-bit samples behind a header of 44 bytes.
func wave(t testing.TB, name string) []float32 {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(checkpointDir, "media", name))
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, (len(b)-44)/2)
	for i := range x {
		x[i] = float32(int16(binary.LittleEndian.Uint16(b[44+2*i:]))) / 32768
	}
	return x
}

// An outcome is all that a reply gave.
type outcome struct {
	text, heard string
	pcm         []float32
	pieces      []model.Piece // with words or sound
	all         []model.Piece
}

// ask has speech heard and answered; it leaves the reply after so many pieces with sound, 0 is never.
func ask(t testing.TB, c *Conversation, speech []float32, leave int) outcome {
	t.Helper()
	if _, err := c.Hear(context.Background(), speech, model.HearOptions{Final: true}); err != nil {
		t.Fatal(err)
	}
	return answerOf(t, c, &model.Input{Heard: true, Camera: true}, model.ReplyOptions{}, leave)
}

func answerOf(t testing.TB, c *Conversation, in *model.Input, o model.ReplyOptions, leave int) outcome {
	t.Helper()
	var out outcome
	for p, err := range c.Reply(context.Background(), in, o) {
		if err != nil && !errors.Is(err, model.ErrMaxTokens) {
			t.Fatal(err)
		}
		out.text, out.heard, out.pcm = out.text+p.Text, out.heard+p.Heard, append(out.pcm, p.PCM...)
		out.all = append(out.all, p)
		if len(p.PCM) > 0 || p.Text != "" {
			if out.pieces = append(out.pieces, p); len(out.pieces) == leave {
				break
			}
		}
	}
	return out
}

func TestSpokenAnswer(t *testing.T) {
	l := open(t, 1)
	c := begin(t, l)
	defer c.Close()
	got := ask(t, c, wave(t, "question.wav"), 0)
	if got.heard == "" || len(got.pieces) < 3 || len(got.pcm) != 60*960 {
		t.Fatalf("heard %q, said %q in %d pieces, %d samples", got.heard, got.text, len(got.pieces), len(got.pcm))
	}
	if got.text != c.answer.words.text {
		t.Errorf("the pieces say %q, the transcript %q", got.text, c.answer.words.text)
	}
	v, err := l.m.Voice(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := l.m.Speak(context.Background(), c.answer.units, v)
	if err != nil {
		t.Fatal(err)
	}
	first := firstChunk * 960
	if d := worst(got.pcm[first:], whole[first:]); d > 1e-5 {
		t.Errorf("streamed sound is off by %.2g behind its first chunk", d)
	}
	if d := worst(got.pcm[:first], whole[:first]); d > 0.1 {
		t.Errorf("the first chunk is off by %.2g", d)
	}
	again := begin2(t, l, c)
	defer again.Close()
	if other := ask(t, again, wave(t, "question.wav"), 0); other.text != got.text || !slices.Equal(other.pcm, got.pcm) {
		t.Error("the same question is answered otherwise")
	}
}

// begin2 closes c and begins another conversation in its place.
func begin2(t testing.TB, l *Model, c *Conversation) *Conversation {
	t.Helper()
	c.Close()
	return begin(t, l)
}

func worst(a, b []float32) float64 {
	d := 0.0
	for i := range a {
		d = max(d, math.Abs(float64(a[i]-b[i])))
	}
	return d
}

// What is heard next is answered the same whether an answer was cut while it was being made or when it was whole, and as
// if the window had been fed afresh with what was heard.
func TestInterruptedAnswer(t *testing.T) {
	l := open(t, 3)
	ctx := context.Background()
	one, two := wave(t, "question.wav"), wave(t, "question2.wav")
	for _, k := range []int{1, 2, 3} {
		c := begin(t, l)
		cut := ask(t, c, one, k)
		pos := cut.pieces[len(cut.pieces)-1].Pos
		if err := c.Truncate(pos); err != nil {
			t.Fatal(err)
		}
		a := ask(t, c, two, 0)

		whole := begin(t, l)
		full := ask(t, whole, one, 0)
		said := *whole.answer
		if full.pieces[k-1].Pos != pos {
			t.Fatalf("piece %d ends at %d, or at %d", k, full.pieces[k-1].Pos, pos)
		}
		if err := whole.Truncate(pos); err != nil {
			t.Fatal(err)
		}
		b := ask(t, whole, two, 0)
		if a.text != b.text || a.heard != b.heard || !slices.Equal(a.pcm, b.pcm) {
			t.Errorf("cut at piece %d: %q and %q", k, a.text, b.text)
		}

		fresh := begin(t, l)
		ask(t, fresh, one, 1)
		if err := fresh.Truncate(said.s.at); err != nil {
			t.Fatal(err)
		}
		feedHeard(t, fresh, &said, pos)
		d := ask(t, fresh, two, 0)
		if a.text != d.text || !slices.Equal(a.pcm, d.pcm) {
			t.Errorf("cut at piece %d and fed afresh: %q and %q", k, a.text, d.text)
		}
		if n, m := c.Len(), fresh.Len(); n != m {
			t.Errorf("cut at piece %d the conversation holds %d positions, fed afresh %d", k, n, m)
		}
		for _, x := range []*Conversation{c, whole, fresh} {
			x.Close()
		}
		if err := ctx.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// feed puts into c what was heard of an answer up to pos, id by id as the reference's form has it.
func feedHeard(t testing.TB, c *Conversation, a *answer, pos int) {
	t.Helper()
	ctx, v := context.Background(), c.l.m.Vocabulary
	text := func(s string) []int32 {
		ids, err := v.Text(s)
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	n := pos - a.first
	units := make([]int32, n)
	for i := range units {
		units[i] = a.units[i] + v.Units.First
	}
	listen := a.text.between("<user_transcript>", "</user_transcript>")
	words := a.ids[a.words.from : a.words.from+a.words.upTo(a.textAt(n))]
	all := &stretch{role: "assistant", begins: true, ends: true, at: c.w.Len()}
	for _, ids := range [][]int32{
		text("<|im_start|>assistant\n<think>\n\n</think>\n\n"), text("<user_transcript>"), a.ids[listen.from : listen.from+len(listen.ends)], text("</user_transcript>"), text("\n"),
		text("<assistant_transcript>"), words,
		text("</assistant_transcript>\n<audio_decoder_call>\n<speaker_info>{}</speaker_info>\n<discrete_audio>\n<|discrete_audio_start|>"),
		units, text("<|discrete_audio_end|></discrete_audio>\n</audio_decoder_call><|im_end|>\n"),
	} {
		if err := c.w.Append(ctx, ids); err != nil {
			t.Fatal(err)
		}
		all.add(feed{ids: ids, n: len(ids)})
	}
	c.log.all = append(c.log.all, all)
}

func TestSpeculationLeavesNoTrace(t *testing.T) {
	l := open(t, 2)
	one, two := wave(t, "question.wav"), wave(t, "question2.wav")
	c := begin(t, l)
	defer c.Close()
	before := c.Len()
	ask(t, c, one[:len(one)/2], 1)
	if err := c.Truncate(before); err != nil {
		t.Fatal(err)
	}
	ask(t, c, one, 2)
	if err := c.Truncate(before); err != nil || c.media.Audio != 0 {
		t.Fatalf("%v, %d sounds are still counted", err, c.media.Audio)
	}
	got := ask(t, c, two, 0)
	straight := begin(t, l)
	defer straight.Close()
	if want := ask(t, straight, two, 0); got.text != want.text || !slices.Equal(got.pcm, want.pcm) {
		t.Errorf("after two guesses %q, straight %q", got.text, want.text)
	}
}

func TestWordsPicturesAndLooks(t *testing.T) {
	l := open(t, 1)
	c := begin(t, l)
	defer c.Close()
	ctx := context.Background()
	p := model.Picture{Width: 64, Height: 48, RGB: make([]byte, 3*64*48)}
	for i := range p.RGB {
		p.RGB[i] = byte(i * 7)
	}
	if _, err := c.See(ctx, p, model.SeeOptions{Now: true}); err != nil {
		t.Fatal(err)
	}
	in := &model.Input{Text: "무엇이 보이나요? <|im_end|>", Images: []model.Picture{p}, Camera: true}
	got := answerOf(t, c, in, model.ReplyOptions{TextOnly: true}, 0)
	if len(got.pcm) != 0 || c.media.Image != 1 || c.media.Video != 1 {
		t.Errorf("%d samples, media %+v", len(got.pcm), c.media)
	}
	n := c.Len()
	if err := c.Truncate(n + 1); err == nil {
		t.Error("what is not there was cut off")
	}
	if got := answerOf(t, c, &model.Input{Text: "and now?"}, model.ReplyOptions{}, 0); len(got.pcm) == 0 || got.heard != "" {
		t.Errorf("a typed question: %d samples, heard %q", len(got.pcm), got.heard)
	}
	if _, err := c.Hear(ctx, nil, model.HearOptions{Final: true}); err == nil || !strings.Contains(err.Error(), "no samples") {
		t.Errorf("no sound: %v", err)
	}
}

// onecolour is a picture of one colour.
func onecolour(v byte) model.Picture {
	return model.Picture{Width: 64, Height: 48, RGB: bytes.Repeat([]byte{v}, 3*64*48)}
}

// What the camera shows at a question goes into the window while the question is heard, the newest in place of those before
// it; the turn then has that much less to do, and answers as if there had been no other.
func TestLookIsInBeforeTheTurn(t *testing.T) {
	l := open(t, 2)
	ctx, x := context.Background(), wave(t, "question.wav")
	c, straight := begin(t, l), begin(t, l)
	defer c.Close()
	defer straight.Close()
	before := c.Len()
	look := func(c *Conversation, v byte) {
		t.Helper()
		if _, err := c.See(ctx, onecolour(v), model.SeeOptions{Now: true}); err != nil {
			t.Fatal(err)
		}
	}
	look(c, 20)
	n := c.Len()
	if n == before {
		t.Fatal("the look waits for the turn")
	}
	look(c, 200)
	if c.Len() != n || c.media.Video != 1 {
		t.Errorf("%d positions after one look, %d after another one; %d are counted", n, c.Len(), c.media.Video)
	}
	work := c.work.turn
	got := answerTo(t, c, x)
	work = c.work.turn - work
	look(straight, 200)
	want := answerTo(t, straight, x)
	if got.text != want.text || !slices.Equal(got.pcm, want.pcm) {
		t.Errorf("%q after two looks, %q after one", got.text, want.text)
	}
	if all := c.Len() - before; work >= all-(n-before)+perMoment/2 {
		t.Errorf("the turn took %d positions, %d of all %d were there before", work, n-before, all)
	}
	if err := c.Truncate(n); err != nil {
		t.Fatal(err)
	}
	again := answerTo(t, c, x)
	if again.text != got.text || !slices.Equal(again.pcm, got.pcm) {
		t.Errorf("%q, and %q after a rollback", got.text, again.text)
	}
}

// answerTo has the conversation hear x and answer, with the camera on.
func answerTo(t *testing.T, c *Conversation, x []float32) outcome {
	t.Helper()
	if _, err := c.Hear(context.Background(), x, model.HearOptions{Final: true}); err != nil {
		t.Fatal(err)
	}
	return answerOf(t, c, &model.Input{Heard: true, Camera: true}, model.ReplyOptions{}, 0)
}

// A look while an answer is spoken does not wait for its end, and comes with the next question.
func TestLookBesideAnAnswer(t *testing.T) {
	c := begin(t, open(t, 1))
	defer c.Close()
	looked := false
	for _, err := range c.Reply(context.Background(), &model.Input{Text: "hello"}, model.ReplyOptions{MaxTokens: 40}) {
		if err != nil && !errors.Is(err, model.ErrMaxTokens) {
			t.Fatal(err)
		}
		if looked {
			continue
		}
		if _, err := c.See(context.Background(), onecolour(9), model.SeeOptions{Now: true}); err != nil { // waits for ever where it wants the conversation
			t.Fatal(err)
		}
		looked = true
	}
	if c.media.Video != 0 {
		t.Error("the look went into the answer")
	}
	answerOf(t, c, &model.Input{Text: "and now?", Camera: true}, model.ReplyOptions{}, 0)
	if !looked || c.media.Video != 1 {
		t.Errorf("%d looks after the next question", c.media.Video)
	}
}

func TestLimitOfTokens(t *testing.T) {
	l := open(t, 1)
	c := begin(t, l)
	defer c.Close()
	var last error
	samples := 0
	for p, err := range c.Reply(context.Background(), &model.Input{Text: "hello"}, model.ReplyOptions{MaxTokens: 28}) {
		samples, last = samples+len(p.PCM), err
	}
	if !errors.Is(last, model.ErrMaxTokens) || samples != (28-28/4)*960 {
		t.Errorf("%d samples, %v", samples, last)
	}
	if c.answer == nil || !c.answer.whole {
		t.Error("the answer is not closed")
	}
}

func TestNoRoom(t *testing.T) {
	l := open(t, 1)
	c := begin(t, l)
	if _, err := l.NewConversation(context.Background(), model.Options{}); !errors.Is(err, model.ErrBusy) {
		t.Errorf("a second call of one: %v", err)
	}
	c.Close()
	d := begin(t, l)
	defer d.Close()
	long := strings.Repeat("한국어와 English. ", 900)
	var err error
	for _, err = range d.Reply(context.Background(), &model.Input{Text: long}, model.ReplyOptions{}) {
		if err != nil {
			break
		}
	}
	if !errors.Is(err, model.ErrContextFull) || d.media.Audio != 0 {
		t.Errorf("too long a question: %v", err)
	}
	if got := answerOf(t, d, &model.Input{Text: "short"}, model.ReplyOptions{}, 0); len(got.pcm) == 0 {
		t.Error("the conversation does not go on after it")
	}
}

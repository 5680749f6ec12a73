package live

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"omnilive/model"
)

// holds returns the words that the window holds.
func (c *Conversation) holds() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, s := range c.log.all {
		for _, f := range s.feeds {
			for _, id := range f.ids {
				b.WriteString(c.l.m.Vocabulary.Tokenizer.Bytes(id))
			}
		}
	}
	return b.String()
}

// rest waits for the work that goes on between turns.
func (c *Conversation) rest() { c.tidy.runs.Wait() }

// heap is what lives in memory, in bytes.
func heap() uint64 {
	debug.FreeOSMemory() // collects garbage first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// resident is the memory of the process that is in RAM, in MB, once what Go needs no more is given back; 0 where the system does
// not tell.
func resident(t *testing.T) float64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int
	if _, err := fmt.Sscan(string(b), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return float64(pages*os.Getpagesize()) / (1 << 20)
}

// fillWindow fills a window to its end, by words and by rows of features.
func fillWindow(t *testing.T, l *Model) {
	t.Helper()
	w, err := l.m.NewWindow()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, words := range []bool{true, false} {
		if err := w.Truncate(0); err != nil {
			t.Fatal(err)
		}
		n := w.Room() - 1
		all := feed{ids: make([]int32, n), n: n}
		if !words {
			all = feed{rows: make([]float32, n*l.m.Width()), n: n}
		}
		if err := feedTo(context.Background(), w, []feed{all}); err != nil {
			t.Fatal(err)
		}
	}
}

// slope is how much y grows from one value to the next, by least squares.
func slope(y []float64) float64 {
	n, mean := float64(len(y)), 0.0
	for _, v := range y {
		mean += v / n
	}
	up, down := 0.0, 0.0
	for i, v := range y {
		x := float64(i) - (n-1)/2
		up, down = up+x*(v-mean), down+x*x
	}
	return up / down
}

// An hour's video call, as fast as the machine goes: the soundtrack without a gap, the camera six times a minute, a spoken
// question or a typed one every half minute or so. The window never overflows; a turn's work is that of what is new; nothing
// grows; and what was said in the first minute is still there as words.
func TestAnHour(t *testing.T) {
	if testing.Short() {
		t.Skip("an hour of conversation takes a minute")
	}
	if raced {
		t.Skip("memory is not to be measured under the race detector: scripts/test.sh runs this without it")
	}
	l := openWith(t, 2, 8192, Options{Words: 4, Units: 10})
	fillWindow(t, l) // so that all memory that its graphs are planned in has been used once
	c := begin(t, l)
	defer c.Close()
	ctx := context.Background()
	x := wave(t, "question.wav")
	r := rand.New(rand.NewPCG(1, 2))
	noise, silence := make([]float32, model.InputRate), make([]float32, model.InputRate)
	for i := range noise {
		noise[i] = float32(r.NormFloat64()) / 100
	}
	const password = "The password is heron-47."
	type minute struct {
		turn, again, len int
		heap             uint64
		rss              float64
	}
	var minutes []minute
	for m := range 60 {
		was := c.work
		for s := range 60 {
			sound := noise
			if m%8 != 0 {
				sound = silence
			}
			if err := c.Listen(ctx, sound); err != nil {
				t.Fatal(err)
			}
			if s%20 < 2 {
				if _, err := c.See(ctx, scene(r), model.SeeOptions{At: time.Duration(60*m+s) * time.Second / 2}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if m == 0 {
			if err := c.Add(ctx, model.Input{Text: password}); err != nil {
				t.Fatal(err)
			}
		}
		if m%4 == 0 {
			if _, err := c.See(ctx, scene(r), model.SeeOptions{Now: true}); err != nil {
				t.Fatal(err)
			}
		}
		at := r.IntN(len(x) - 16000)
		ask(t, c, x[at:at+8000+r.IntN(8000)], r.IntN(3))
		if m%3 == 0 {
			answerOf(t, c, &model.Input{Text: fmt.Sprintf("It is minute %d.", m)}, model.ReplyOptions{}, 0)
		}
		c.rest()
		if c.w.Room() < 0 || c.Len() < c.shift {
			t.Fatalf("minute %d: %d positions, %d of them gone", m, c.Len(), c.shift)
		}
		minutes = append(minutes, minute{c.work.turn - was.turn, c.work.again - was.again, c.w.Len(), heap(), resident(t)})
	}
	text := c.holds()
	for _, want := range []string{password, "It is minute 0.", "It is minute 30.", "It is minute 57."} {
		if !strings.Contains(text, want) {
			t.Errorf("the window does not hold %q", want)
		}
	}
	if c.work.again == 0 || c.shift == 0 {
		t.Error("the window was never put together anew")
	}
	mean := func(of []minute, f func(minute) int) (sum int) {
		for _, m := range of {
			sum += f(m)
		}
		return sum / len(of)
	}
	turn := func(m minute) int { return m.turn }
	if early, late := mean(minutes[5:15], turn), mean(minutes[50:], turn); float64(late) > 1.25*float64(early) {
		t.Errorf("turns and frames of a minute took %d positions early in the call, %d late", early, late)
	}
	alive := func(m minute) int { return int(m.heap >> 10) }
	if early, late := mean(minutes[15:25], alive), mean(minutes[50:], alive); late-early > 3*1024 {
		t.Errorf("%d KB live in memory after 20 minutes, %d after an hour", early, late)
	}
	var rss []float64
	for _, m := range minutes[15:] {
		rss = append(rss, m.rss)
	}
	if s := 10 * slope(rss); s > 1 {
		t.Errorf("the resident memory grows by %.2f MB in ten minutes: %.1f", s, rss)
	} else {
		t.Logf("resident memory: %.1f MB, and %.2f more every ten minutes", rss[len(rss)-1], s)
	}
	sizes := make([]int, len(minutes))
	for i, m := range minutes {
		sizes[i] = m.len
	}
	words := 0
	for _, s := range c.log.all {
		if s.brief {
			words += s.n
		}
	}
	t.Logf("%d positions of older turns as words; window: at most %d of 8192; a minute: %d positions new; put in anew: %d in all; %d dropped moments, %d KB", words, slices.Max(sizes),
		mean(minutes, turn), c.work.again, c.in.dropped, mean(minutes[50:], alive))
}

// A window put together anew is a window filled at once with the same: the answers are the same ids.
func TestTidiedWindowIsAFreshOne(t *testing.T) {
	l := openWith(t, 3, 4096, Options{Words: 6, Units: 20})
	ctx := context.Background()
	x := wave(t, "question.wav")
	c := begin(t, l)
	defer c.Close()
	r := rand.New(rand.NewPCG(3, 4))
	for i := 0; c.work.again == 0 && i < 60; i++ {
		if _, err := c.See(ctx, scene(r), model.SeeOptions{Now: true}); err != nil {
			t.Fatal(err)
		}
		at := r.IntN(len(x) - 8000)
		ask(t, c, x[at:at+8000], 0)
		c.rest()
	}
	if c.work.again == 0 {
		t.Fatal("the window was never put together anew")
	}
	if err := c.settle(ctx); err != nil {
		t.Fatal(err)
	}
	w, err := l.m.NewWindow()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.log.all {
		if err := feedTo(ctx, w, s.feeds); err != nil {
			t.Fatal(err)
		}
	}
	if w.Len() != c.w.Len() {
		t.Fatalf("the log holds %d positions, the window %d", w.Len(), c.w.Len())
	}
	tidied := c.w
	in := &model.Input{Text: "And now?"}
	got := answerOf(t, c, in, model.ReplyOptions{}, 0)
	ids := slices.Clone(c.answer.ids)
	if err := c.Truncate(c.answer.s.at + c.shift); err != nil {
		t.Fatal(err)
	}
	if err := c.forget(c.log.last().at); err != nil {
		t.Fatal(err)
	}
	c.w = w
	again := answerOf(t, c, in, model.ReplyOptions{}, 0)
	if !slices.Equal(ids, c.answer.ids) || !slices.Equal(got.pcm, again.pcm) {
		t.Errorf("%v and %v", ids, c.answer.ids)
	}
	tidied.Close()
}

// A camera that nobody asks about does not fill the window: the oldest moments go, the newest are there.
func TestNobodyAsks(t *testing.T) {
	l := openWith(t, 2, 4096, Options{Words: 6, Units: 20})
	c := begin(t, l)
	defer c.Close()
	ctx := context.Background()
	answerOf(t, c, &model.Input{Text: "Watch the door."}, model.ReplyOptions{}, 0)
	r := rand.New(rand.NewPCG(7, 8))
	var last time.Duration
	for i := range 120 {
		last = time.Duration(i) * time.Second
		for range 2 {
			if _, err := c.See(ctx, scene(r), model.SeeOptions{At: last}); err != nil {
				t.Fatal(err)
			}
		}
		c.rest()
	}
	text := c.holds()
	for _, want := range []string{"Watch the door.", "\n" + clock(last) + "\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the window does not hold %q", want)
		}
	}
	if strings.Contains(text, "\n0:01\n") || strings.Count(text, "<|im_start|>user\n") != 2 {
		t.Errorf("the window holds\n%s", text)
	}
	if got := answerOf(t, c, &model.Input{Text: "Who came?"}, model.ReplyOptions{}, 0); len(got.pcm) == 0 {
		t.Error("no answer")
	}
}

// Where no second window can be had a camera that nobody asks about waits for the next question, and nothing spins meanwhile.
func TestNoSecondWindow(t *testing.T) {
	l := openWith(t, 1, 2048, Options{Words: 6, Units: 20})
	c := begin(t, l)
	defer c.Close()
	ctx := context.Background()
	r := rand.New(rand.NewPCG(7, 8))
	for i := range 40 {
		if _, err := c.See(ctx, scene(r), model.SeeOptions{At: time.Duration(i) * time.Second / 2}); err != nil {
			t.Fatal(err)
		}
		c.rest()
	}
	if c.in.dropped == 0 {
		t.Error("the window never was full")
	}
	if got := answerOf(t, c, &model.Input{Text: "Who came?"}, model.ReplyOptions{}, 0); len(got.pcm) == 0 {
		t.Error("no answer")
	}
}

package streaming

import (
	"context"
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"omnilive/media"
	"omnilive/model"
)

// A film is a camera: at each moment of the call it shows what paint makes; nil is no camera.
type film struct {
	start time.Time
	paint func(at time.Duration) *media.Picture
}

func (f *film) Look(ctx context.Context) (media.Picture, error) {
	for ctx.Err() == nil {
		if p := f.paint(time.Since(f.start)); p != nil {
			return *p, nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	return media.Picture{}, context.Cause(ctx)
}

// grey is a picture of one brightness and noise, with one spot of another.
func grey(level, noise, spot int, at image.Point) *media.Picture {
	p := media.Picture{Width: 320, Height: 240, RGB: make([]byte, 3*320*240)}
	for i := range p.RGB {
		p.RGB[i] = byte(level + rand.IntN(2*noise+1) - noise)
	}
	for y := range 24 {
		for x := range 24 {
			for c := range 3 {
				p.RGB[3*((y+at.Y)*320+x+at.X)+c] = byte(spot)
			}
		}
	}
	return &p
}

// A witness is a conversation that notes what it is shown and given to hear.
type witness struct {
	*fakeConv
	takes, stuck time.Duration // that See, and the first Listen, takes
	mu           sync.Mutex
	seen         []sight
	sound        []float32
	start        time.Time
	fail         error
}

type sight struct {
	at int64 // milliseconds
	o  model.SeeOptions
	p  model.Picture
}

func (w *witness) See(ctx context.Context, p model.Picture, o model.SeeOptions) (string, error) {
	w.mu.Lock()
	w.seen = append(w.seen, sight{time.Since(w.start).Milliseconds(), o, p})
	w.mu.Unlock()
	select {
	case <-time.After(w.takes):
	case <-ctx.Done():
		return "", ctx.Err()
	}
	return "", w.fail
}

func (w *witness) Listen(ctx context.Context, pcm []float32) error {
	if w.stuck > 0 {
		select {
		case <-time.After(w.stuck):
		case <-ctx.Done():
		}
		w.stuck = 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sound = append(w.sound, pcm...)
	return w.fail
}

// witnessed is a model whose conversations are w.
type witnessed struct {
	*fakeModel
	w *witness
}

func (m witnessed) NewConversation(ctx context.Context, o model.Options) (model.Conversation, error) {
	c, err := m.fakeModel.NewConversation(ctx, o)
	m.w.fakeConv = c.(*fakeConv)
	return m.w, err
}

// watch runs a call with a camera and returns what was dropped.
func watch(t *testing.T, s *scene, w *witness, looks Looks, paint func(time.Duration) *media.Picture) map[string]int {
	t.Helper()
	var mu sync.Mutex
	lost := map[string]int{}
	synctest.Test(t, func(t *testing.T) {
		w.start, s.out.start = time.Now(), time.Now()
		s.cfg.Model, s.cfg.Looks = witnessed{s.model, w}, looks
		s.cfg.NewSpeech = func() (model.SpeechDetector, error) { return fakeVAD{}, nil }
		s.cfg.Dropped = func(what string) {
			mu.Lock()
			defer mu.Unlock()
			lost[what]++
		}
		ses, err := NewSession(s.cfg, Ports{Mic: s.mic, Out: s.out, Camera: &film{time.Now(), paint}, Emit: func(Event) {}})
		if err != nil {
			t.Fatal(err)
		}
		if err := ses.Run(t.Context()); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return lost
}

// Two minutes of a scene that always changes cost no more than the budget, nobody waits in a queue, and every moment is that of
// the microphone.
func TestLooksKeepToTheirBudget(t *testing.T) {
	w := &witness{}
	moving := func(at time.Duration) *media.Picture {
		return grey(100+int(20*math.Sin(at.Seconds()*3)), 2, 200, image.Pt(int(at.Milliseconds()/50)%280, 40))
	}
	lost := watch(t, newScene(120000), w, Looks{PerMinute: 10, Burst: 3}, moving)
	if n := len(w.seen); n < 20 || n > 23 {
		t.Errorf("%d looks in two minutes, the budget is 10 a minute and 3", n)
	}
	if lost["look"] < 150 {
		t.Errorf("%d looks dropped", lost["look"])
	}
	for _, x := range w.seen {
		if d := x.at - x.o.At.Milliseconds(); d < 0 || d > 40 || x.o.Now {
			t.Errorf("seen at %d ms as %+v", x.at, x.o)
		}
	}
	if w := (&witness{}); len(watch(t, newScene(20000), w, Looks{PerMinute: -1}, moving)) == 0 || len(w.seen) != 0 {
		t.Errorf("%d looks without a budget", len(w.seen))
	}
}

// What stands still is seen once, however noisy the camera; something small that moves is seen.
func TestOnlyChangesAreSeen(t *testing.T) {
	w := &witness{}
	lost := watch(t, newScene(60000), w, Looks{}, func(at time.Duration) *media.Picture {
		spot := image.Pt(40, 40)
		if at > 30*time.Second {
			spot = image.Pt(200, 160)
		}
		return grey(100, 25, 180, spot)
	})
	if len(w.seen) != 2 || w.seen[0].at > 600 || w.seen[1].at < 30000 || w.seen[1].at > 30600 || len(lost) != 0 {
		t.Errorf("seen %d times, dropped %v", len(w.seen), lost)
	}
}

// A question is shown what has changed, beside the budget; what has not changed only after a while.
func TestQuestionsAreShownTheCamera(t *testing.T) {
	w := &witness{}
	s := newScene(50000, span{5000, 7000}, span{45000, 46000})
	watch(t, s, w, Looks{PerMinute: -1}, func(at time.Duration) *media.Picture {
		if at > 6*time.Second {
			return grey(30, 2, 60, image.Pt(9, 9))
		}
		return grey(180, 2, 60, image.Pt(9, 9))
	})
	var at []int64
	for _, x := range w.seen {
		if at = append(at, x.at); !x.o.Now {
			t.Errorf("a look at %d ms is not for the question", x.at)
		}
	}
	if len(at) != 3 || at[0] < 5000 || at[0] > 5400 || at[1] < 7000 || at[1] > 7300 || at[2] < 45000 || at[2] > 45400 {
		t.Errorf("seen at %v", at)
	}
}

// Another camera or a shared screen is looked at at once, with an empty budget too; one that flickers cannot exhaust the model.
func TestSwitchedCamera(t *testing.T) {
	w := &witness{}
	screen := media.Picture{Width: 640, Height: 480, RGB: slices.Repeat([]byte{240}, 3*640*480)}
	watch(t, newScene(12000), w, Looks{PerMinute: 1, Burst: 1}, func(at time.Duration) *media.Picture {
		switch {
		case at < 5*time.Second:
			return grey(60, 2, 60, image.Pt(9, 9))
		case at < 10*time.Second:
			return &screen
		}
		return grey(200, 2, 60, image.Pt(9, 9))
	})
	if len(w.seen) != 2 || w.seen[1].at < 5000 || w.seen[1].at > 5600 || w.seen[1].p.Width != 640 {
		t.Errorf("seen %d times", len(w.seen))
	}
	w = &witness{}
	lost := watch(t, newScene(60000), w, Looks{PerMinute: 6, Burst: 3}, func(at time.Duration) *media.Picture {
		if at/(500*time.Millisecond)%2 == 0 {
			return &screen
		}
		return grey(60, 2, 60, image.Pt(9, 9))
	})
	if n := len(w.seen); n > 12 || n < 10 || lost["look"] < 45 {
		t.Errorf("a flickering camera was looked at %d times, dropped %v", n, lost)
	}
}

// A See that takes long holds nothing up and is never given an old picture.
func TestSlowSee(t *testing.T) {
	w := &witness{takes: 3100 * time.Millisecond, fail: errors.New("tired")}
	s := newScene(20000, span{5000, 6000})
	watch(t, s, w, Looks{PerMinute: 600, Burst: 600}, func(at time.Duration) *media.Picture {
		p := grey(100, 0, 0, image.Pt(0, 0))
		p.RGB[3*(320*239)] = byte(at / (100 * time.Millisecond))
		for i := range 320 * 60 {
			p.RGB[3*(320*100+i)+1] = byte(at / (20 * time.Millisecond))
		}
		return p
	})
	if n := len(w.seen); n < 6 || n > 7 {
		t.Errorf("%d looks of 3.1 s in 20 s", n)
	}
	for _, x := range w.seen {
		if taken := int64(x.p.RGB[3*(320*239)]) * 100; x.at-taken > 100 {
			t.Errorf("the picture of %d ms was shown at %d", taken, x.at)
		}
	}
	if !slices.ContainsFunc(w.seen, func(x sight) bool { return x.o.Now }) {
		t.Error("the question was shown nothing")
	}
}

// All that the microphone brings while the camera is on is heard, in order; where the listener is too slow there is silence, and
// what comes behind it lies where it belongs.
func TestSoundtrackOfACall(t *testing.T) {
	still := func(at time.Duration) *media.Picture {
		if at > 10*time.Second && at < 30*time.Second {
			return nil
		}
		return grey(100, 2, 60, image.Pt(9, 9))
	}
	w := &witness{}
	lost := watch(t, newScene(40000, span{0, 40000}), w, Looks{}, still)
	if n := float64(len(w.sound)) / model.InputRate; n < 21 || n > 25 || len(lost) != 0 {
		t.Errorf("%.1f s heard of 20 with a camera, dropped %v", n, lost)
	}
	straight(t, w.sound[:9*model.InputRate])

	w = &witness{stuck: 15 * time.Second, fail: errors.New("tired")}
	lost = watch(t, newScene(30000, span{0, 30000}), w, Looks{}, func(time.Duration) *media.Picture { return still(0) })
	if n := float64(len(w.sound)) / model.InputRate; n < 28 || n > 30 || lost["soundtrack"] < 4 || lost["soundtrack"] > 7 {
		t.Errorf("%.1f s heard of 30, dropped %v", n, lost)
	}
	straight(t, w.sound)

	w = &witness{}
	if watch(t, newScene(5000, span{0, 5000}), w, Looks{}, func(time.Duration) *media.Picture { return nil }); len(w.sound) != 0 {
		t.Errorf("%d samples heard without a camera", len(w.sound))
	}
}

// straight holds that sound is the microphone's from some moment on, but for silence.
func straight(t *testing.T, sound []float32) {
	t.Helper()
	first := 0
	for at := range 5 * model.InputRate {
		if sound[0] == 0.5*voice(at) && sound[1] == 0.5*voice(at+1) && sound[2] == 0.5*voice(at+2) {
			first = at
			break
		}
	}
	wrong := 0
	for i, v := range sound {
		if v != 0 && v != 0.5*voice(first+i) {
			wrong++
		}
	}
	if wrong > 0 {
		t.Errorf("%d samples of %d from %d on are not where they belong", wrong, len(sound), first)
	}
}

// A sample that is no number reaches nobody.
func TestMend(t *testing.T) {
	got := make([]float32, 4)
	mend(got, []float32{0.5, float32(math.NaN()), float32(math.Inf(1)), -2})
	if !slices.Equal(got, []float32{0.5, 0, 0, -2}) {
		t.Errorf("%v", got)
	}
}

// Without sound the clock goes on by itself, and what the sound left out stays counted.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock()
		time.Sleep(3 * time.Second)
		if d := c.now(); d != 3*time.Second {
			t.Errorf("%v without a microphone", d)
		}
		if gap := c.set(model.InputRate); gap != 2*model.InputRate || c.now() != 3*time.Second {
			t.Errorf("a gap of %d samples, then %v", gap, c.now())
		}
		time.Sleep(900 * time.Millisecond)
		if gap := c.set(model.InputRate * 19 / 10); gap != 0 || c.now() != 3900*time.Millisecond {
			t.Errorf("a gap of %d samples in sound that flows, then %v", gap, c.now())
		}
		for at := range 5 { // late and all at once is no gap
			time.Sleep(2 * time.Second * time.Duration(max(0, 1-at)))
			c.set(model.InputRate*19/10 + int64(at+1)*model.InputRate*2/5)
		}
		if d := c.now(); d > 6*time.Second+100*time.Millisecond+1600*time.Millisecond {
			t.Errorf("%v after 5.9 s", d)
		}
		if gap := c.set(4 * model.InputRate); gap != 0 {
			t.Errorf("a gap of %d samples where none was", gap)
		}
	})
}

// A microphone that brings nothing for a while leaves silence in the soundtrack, and the camera's being off nothing.
func TestEarFillsGaps(t *testing.T) {
	e := newEar(nil)
	e.listen(true)
	loud := slices.Repeat([]float32{1}, model.Hop)
	e.take(loud, 0)
	e.take(loud, 2*model.InputRate)
	e.listen(false)
	e.take(loud, 0)
	if a, b := <-e.pieces, <-e.pieces; a.lost != 0 || len(a.pcm) != model.Hop || b.lost != 2*model.InputRate || len(b.pcm) != model.Hop || len(e.pieces) != 0 {
		t.Errorf("%d and %d samples, behind %d and %d", len(a.pcm), len(b.pcm), a.lost, b.lost)
	}
}

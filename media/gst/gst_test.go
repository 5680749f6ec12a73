package gst

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const echo = "appsrc name=src format=time caps=application/x-rtp ! identity name=mid ! appsink name=out sync=false"

// got collects what a sink is given.
type got struct {
	mu   sync.Mutex
	data []string
	pts  []time.Duration
}

func (g *got) sink(b []byte, pts time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.data, g.pts = append(g.data, string(b)), append(g.pts, pts)
}

func (g *got) len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.data)
}

func build(t testing.TB, desc string, sinks map[string]Sink, named ...string) *Pipeline {
	t.Helper()
	p, err := New(desc, sinks, named...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Free)
	if err := p.Play(); err != nil {
		t.Fatal(err)
	}
	return p
}

// until waits for something that other threads bring about.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}

func TestPushComesOut(t *testing.T) {
	var g got
	p := build(t, echo, map[string]Sink{"out": g.sink})
	for i, s := range []string{"one", "", "two"} {
		if err := p.Push([]byte(s), time.Duration(i)*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.End(); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of the stream", func() bool { return slices.Contains(p.Drain(), EndOfStream) })
	if !slices.Equal(g.data, []string{"one", "two"}) || !slices.Equal(g.pts, []time.Duration{0, 2 * time.Second}) {
		t.Errorf("%q at %v", g.data, g.pts)
	}
}

func TestSet(t *testing.T) {
	var g got
	p := build(t, echo, map[string]Sink{"out": g.sink}, "mid")
	if err := p.Set("mid", "drop-probability", float32(1)); err != nil {
		t.Fatal(err)
	}
	_ = p.Push([]byte("dropped"), 0)
	time.Sleep(20 * time.Millisecond)
	_ = p.Set("mid", "drop-probability", float32(0))
	_ = p.Push([]byte("kept"), 1)
	until(t, "a sample", func() bool { return g.len() > 0 })
	if g.data[0] != "kept" {
		t.Errorf("%q", g.data)
	}
	for _, c := range [][2]string{{"src", "caps"}, {"mid", "colour"}, {"nobody", "x"}} {
		if err := p.Set(c[0], c[1], true); err == nil {
			t.Errorf("%v was set", c)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for desc, want := range map[string]string{
		"":                                      "too short",
		"nosuchelement ! fakesink":              "nosuchelement",
		"appsrc name=src ! appsink name=else":   `"out"`,
		"fakesrc ! appsink name=out colour=red": "colour",
	} {
		_, err := New(desc, map[string]Sink{"out": func([]byte, time.Duration) {}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", desc, err, want)
		}
	}
	if _, err := New("fakesrc ! fakesink", nil, "gate"); err == nil {
		t.Error("an element that is not there was found")
	}
	p := build(t, "videotestsrc num-buffers=1 ! fakesink", nil)
	if p.Push([]byte{1}, 0) == nil || p.End() == nil {
		t.Error("a pipeline without a source was fed")
	}
}

func TestBrokenPipelineTells(t *testing.T) {
	p := build(t, "appsrc name=src format=time caps=application/x-rtp ! identity error-after=1 ! fakesink", nil)
	_ = p.Push([]byte{1}, 0)
	_ = p.Push([]byte{2}, 0)
	until(t, "the error", func() bool { return p.Err() != nil })
	if err := p.Push([]byte{3}, 0); err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("push into a broken pipeline: %v", err)
	}
	if l := p.Drain(); len(l) == 0 || !strings.Contains(l[0], "error:") {
		t.Errorf("%q", l)
	}
}

func TestLogIsBounded(t *testing.T) {
	var l log
	for i := range 100 {
		l.add(string(rune('A'+i)), nil)
	}
	if d := l.drain(); len(d) != logLength || d[logLength-1] != string(rune('A'+99)) {
		t.Errorf("%d messages, the last %q", len(d), d[len(d)-1])
	}
}

// TestFreeWhilePushing frees pipelines under goroutines that push, set and count, with the collector at work.
func TestFreeWhilePushing(t *testing.T) {
	stop := make(chan struct{})
	var collector sync.WaitGroup
	collector.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
				time.Sleep(time.Millisecond)
			}
		}
	})
	for range 30 {
		var n atomic.Int64
		var p *Pipeline
		p, err := New(echo, map[string]Sink{"out": func(b []byte, _ time.Duration) {
			n.Add(int64(len(b)))
			_ = p.Set("mid", "silent", true)
		}}, "mid")
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Play(); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for i := 0; ; i++ {
					if err := p.Push(make([]byte, 100), time.Duration(i)); errors.Is(err, ErrFreed) {
						return
					} else if err != nil {
						t.Errorf("push: %v", err)
						return
					}
				}
			})
		}
		until(t, "samples", func() bool { return n.Load() > 1000 })
		p.Free()
		p.Free()
		wg.Wait()
		for _, err := range []error{p.Play(), p.End(), p.Set("mid", "silent", true)} {
			if !errors.Is(err, ErrFreed) {
				t.Errorf("after Free: %v", err)
			}
		}
	}
	close(stop)
	collector.Wait()
}

func TestFreeLeavesNoFiles(t *testing.T) {
	count := func() int {
		d, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skipf("counting open files: %v", err)
		}
		return len(d)
	}
	cycle := func() {
		p, err := New(echo, map[string]Sink{"out": func([]byte, time.Duration) {}})
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Play()
		_ = p.Push([]byte{1}, 0)
		p.Free()
		_, _ = New(echo, map[string]Sink{"missing": nil}) // what failed half-way leaves nothing either
	}
	cycle()
	before := count()
	for range 100 {
		cycle()
	}
	if after := count(); after > before+2 {
		t.Errorf("%d open files, then %d", before, after)
	}
}

// TestFreeForgetsSinks holds that what a Sink reaches can be collected after Free.
func TestFreeForgetsSinks(t *testing.T) {
	var collected atomic.Bool
	func() {
		g := new(got)
		runtime.AddCleanup(g, func(struct{}) { collected.Store(true) }, struct{}{})
		p := build(t, echo, map[string]Sink{"out": g.sink})
		_ = p.Push([]byte{1}, 0)
		until(t, "a sample", func() bool { return g.len() > 0 })
		p.Free()
	}()
	until(t, "the collector", func() bool {
		runtime.GC()
		return collected.Load()
	})
}

func TestElements(t *testing.T) {
	if Has("nosuchelement") || !Has("appsrc") {
		t.Error("Has does not tell what is there")
	}
	for _, e := range Missing() {
		t.Logf("missing: %+v", e)
	}
	for _, e := range Elements() {
		if e.Name == "" || e.Package == "" || e.For == "" {
			t.Errorf("%+v", e)
		}
	}
	if v := Version(); !strings.HasPrefix(v, "1.") {
		t.Errorf("version %q", v)
	}
}

func BenchmarkPush(b *testing.B) {
	var n atomic.Int64
	p := build(b, "appsrc name=src format=time caps=application/x-rtp max-buffers=100 ! appsink name=out sync=false",
		map[string]Sink{"out": func([]byte, time.Duration) { n.Add(1) }})
	data := make([]byte, 100)
	b.ReportAllocs()
	i := int64(0)
	for b.Loop() {
		i++
		_ = p.Push(data, time.Duration(i))
		for n.Load() < i {
			runtime.Gosched()
		}
	}
}

const inlineEcho = "identity name=in ! appsink name=out sync=false async=false"

func inline(t testing.TB, desc, caps string, sink Sink) *Pipeline {
	t.Helper()
	p, err := NewInline(desc, caps, map[string]Sink{"out": sink})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Free)
	if err := p.Play(); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestInlineIsThroughWhenPushReturns needs no waiting, which is the whole point.
func TestInlineIsThroughWhenPushReturns(t *testing.T) {
	var g got
	p := inline(t, inlineEcho, "application/x-rtp", g.sink)
	for i, s := range []string{"one", "", "two"} {
		if err := p.Push([]byte(s), time.Duration(i)*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(g.data, []string{"one", "two"}) || !slices.Equal(g.pts, []time.Duration{0, 2 * time.Second}) {
		t.Errorf("%q at %v", g.data, g.pts)
	}
	p.Free()
	if err := p.Push([]byte("three"), 0); !errors.Is(err, ErrFreed) {
		t.Errorf("push after Free: %v", err)
	}
	if err := p.Gap(0, time.Second); !errors.Is(err, ErrFreed) {
		t.Errorf("gap after Free: %v", err)
	}
}

func TestInlineRefuses(t *testing.T) {
	for _, c := range []struct{ desc, caps string }{
		{inlineEcho, "a b c;;"},
		{"appsrc name=in ! appsink name=out", "application/x-rtp"},
		{"opusdec name=in ! appsink name=out", "video/x-vp8"},
		{"identity ! appsink name=out", "application/x-rtp"},
	} {
		p, err := NewInline(c.desc, c.caps, nil)
		if err == nil {
			err = p.Play()
			p.Free()
		}
		if err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
	p := build(t, echo, nil)
	if err := p.Gap(0, time.Second); err == nil {
		t.Error("a gap in a pipeline that is not inline")
	}
}

// TestInlineFreedUnderPush frees while another goroutine pushes.
func TestInlineFreedUnderPush(t *testing.T) {
	for range 20 {
		var n atomic.Int64
		p := inline(t, inlineEcho, "application/x-rtp", func([]byte, time.Duration) { n.Add(1) })
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for p.Push([]byte("x"), 0) == nil {
				}
			})
		}
		until(t, "a sample", func() bool { return n.Load() > 10 })
		p.Free()
		wg.Wait()
	}
}

func BenchmarkInline(b *testing.B) {
	n := 0
	p := inline(b, inlineEcho, "application/x-rtp", func([]byte, time.Duration) { n++ })
	data := make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		_ = p.Push(data, 0)
	}
	if n < b.N {
		b.Errorf("%d of %d came out", n, b.N)
	}
}

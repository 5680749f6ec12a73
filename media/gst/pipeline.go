package gst

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/cgo"
	"sync"
	"time"

	"github.com/go-gst/go-gst/gst"
)

// ErrFreed is returned by the methods of a Pipeline after Free.
var ErrFreed = errors.New("pipeline is freed")

var start = sync.OnceFunc(func() { gst.Init(nil) })

// A Pipeline is a running chain of GStreamer elements.
type Pipeline struct {
	bin   *gst.Pipeline
	bus   *gst.Bus
	log   *log
	elems map[string]*gst.Element // those New was asked for, by name
	taps  []cgo.Handle

	// mu keeps Free from pulling the elements away under a push. It is not held while threads are joined.
	mu    sync.RWMutex
	src   *gst.Element // nil: nothing can be pushed, or it goes through feed
	feed  feed
	freed bool
}

// New builds a pipeline from desc. An appsrc named "src" takes what is pushed; each appsink named by a key of sinks
// delivers to its value; the elements listed in named may be changed by Set. The pipeline stands still until Play.
func New(desc string, sinks map[string]Sink, named ...string) (*Pipeline, error) {
	start()
	bin, err := gst.NewPipelineFromString(desc)
	if err != nil {
		return nil, fmt.Errorf("build pipeline: %w", err)
	}
	p := &Pipeline{bin: bin, log: newLog(), elems: map[string]*gst.Element{}}
	p.bus = bin.GetPipelineBus()
	p.bus.SetSyncHandler(handler(p.log))
	for _, name := range named {
		if _, err := p.find(name); err != nil {
			p.Free()
			return nil, err
		}
	}
	for name, fn := range sinks {
		e, err := p.find(name)
		if err != nil {
			p.Free()
			return nil, err
		}
		p.taps = append(p.taps, listen(e.Unsafe(), fn))
	}
	p.src, _ = p.find("src")
	return p, nil
}

// find looks up an element and keeps it until Free.
func (p *Pipeline) find(name string) (*gst.Element, error) {
	if e := p.elems[name]; e != nil {
		return e, nil
	}
	e, err := p.bin.GetElementByName(name)
	if err != nil {
		return nil, fmt.Errorf("build pipeline: no element %q", name)
	}
	p.elems[name] = e
	return e, nil
}

// Play sets the pipeline going.
func (p *Pipeline) Play() error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.freed {
		return ErrFreed
	}
	if err := p.bin.SetState(gst.StatePlaying); err != nil {
		return fmt.Errorf("start pipeline: %w", errors.Join(err, p.log.failure()))
	}
	if p.feed.pad != nil && !p.feed.begin() {
		return fmt.Errorf("start pipeline: %w", errors.Join(errors.New("what is fed to it does not fit"), p.log.failure()))
	}
	return nil
}

// Push copies b into the pipeline with the given time; a negative pts leaves stamping to the source. An empty b is
// passed over. It reports the error that has stopped the pipeline, if one has: GStreamer itself takes data for ever.
func (p *Pipeline) Push(b []byte, pts time.Duration) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	switch {
	case p.freed:
		return ErrFreed
	case p.src == nil && p.feed.pad == nil:
		return errors.New("pipeline has no source to push to")
	case len(b) == 0:
		return nil
	}
	if err := p.log.failure(); err != nil {
		return err
	}
	var r gst.FlowReturn
	if p.feed.pad != nil {
		r = p.feed.pass(b, pts)
	} else {
		r = push(p.src.Unsafe(), b, pts)
	}
	runtime.KeepAlive(b)
	if r != gst.FlowOK {
		return fmt.Errorf("push: %s", r)
	}
	return nil
}

// End tells the source that nothing more comes, so that encoders let go of what they hold.
func (p *Pipeline) End() error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.freed {
		return ErrFreed
	}
	if p.src == nil {
		return errors.New("pipeline has no source to end")
	}
	if r := end(p.src.Unsafe()); r != gst.FlowOK {
		return fmt.Errorf("end stream: %s", r)
	}
	return nil
}

// Set changes a property of an element that was named to New. A Sink may call it.
func (p *Pipeline) Set(element, property string, value any) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.freed {
		return ErrFreed
	}
	e := p.elems[element]
	if e == nil {
		return fmt.Errorf("set %s.%s: element was not named to New", element, property)
	}
	if err := e.SetProperty(property, value); err != nil {
		return fmt.Errorf("set %s.%s: %w", element, property, err)
	}
	return nil
}

// Err is the first error that the pipeline reported, nil while it is well.
func (p *Pipeline) Err() error { return p.log.failure() }

// Drain returns the newest messages of the pipeline, errors, warnings and ends of stream, and forgets them.
func (p *Pipeline) Drain() []string { return p.log.drain() }

// Free stops the pipeline, waits for its threads, and gives back all it holds. It may be called more than once.
func (p *Pipeline) Free() {
	p.mu.Lock()
	done := p.freed
	p.freed = true
	p.mu.Unlock() // a Sink that is calling Set must get through, for SetState waits for it
	if done {
		return
	}
	_ = p.bin.BlockSetState(gst.StateNull) // going down cannot fail in a way that leaves something to do
	for _, h := range p.taps {
		h.Delete()
	}
	for _, e := range p.elems {
		release(e.Object)
	}
	p.feed.free()
	release(p.bin.Object)
	release(p.bus.Object)
}

// release drops our reference now and takes the finalizer off that would drop it a second time.
func release(o *gst.Object) {
	g := o.InitiallyUnowned.Object
	runtime.SetFinalizer(g, nil)
	g.Unref()
}

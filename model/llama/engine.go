package llama

/*
#include "native.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"omnilive/model/ggml"
)

// What callers branch on.
var (
	ErrBusy        = errors.New("llama: every sequence is taken")
	ErrContextFull = errors.New("llama: the sequence's context is full")
	ErrStopped     = errors.New("llama: the engine has stopped")
)

// KVType is how keys and values are kept.
type KVType int32

// The kinds of cache. F32 without flash attention is what agrees with the reference to 1.4e-5.
const (
	KVF16 KVType = iota
	KVF32
	KVQ8 // half of F16's memory; needs flash attention
)

// FlashAttn says whether attention is computed in blocks.
type FlashAttn int32

// Auto lets libllama choose by the device.
const (
	FlashAuto FlashAttn = iota
	FlashOn
	FlashOff
)

// EngineOptions shape the cache and the steps. The zero value works; see each field for what zero means.
type EngineOptions struct {
	ContextPerSequence int // positions a sequence holds; 0 means 4096
	Sequences          int // conversations at once; 0 means 8
	Batch              int // most tokens in one step, which nobody can enter midway; 0 means 64 (256 saves 3 % on a processor)
	Interleave         int // most prompt tokens in a step while anyone generates, and of Background ever; 0 means 32
	Threads            int // 0 means one fewer than the cores, at least 1
	KVType             KVType
	FlashAttn          FlashAttn
	SharedCache        bool // one cache for all sequences: copies are cheaper, but answers depend a little on what else is in it
	PlainProducts      bool // leave all matrix products to ggml: to compare with
}

// Limits that keep a wrong number from exhausting the machine's memory.
const (
	maxSequences = 256
	maxPositions = 1 << 21 // of all sequences together
	maxBatch     = 1 << 13
	maxThreads   = 256
)

// An Engine owns one model's cache and runs its steps; it serves many calls at once.
type Engine struct {
	model    *Model
	o        EngineOptions
	requests chan func()   // run by Run between steps; at most two for each sequence are under way
	changed  chan struct{} // 1 place: somebody's priority is another
	turns    atomic.Int64  // sequences in Turn
	work     work
	started  chan struct{}
	stopped  chan struct{}

	mu     sync.Mutex
	free   []int // sequence ids nobody holds
	closed bool
	ran    bool

	*runner
}

// runner is what Run's goroutine alone touches.
type runner struct {
	native      *C.native_engine
	prefills    []*prefill // the most urgent first, as the last plan found them
	generations []*generation
	watch       watch
	tokens      []part // of the step under way, kept for the next one's
	embeddings  []part
	probe       func(tokens, embeddings []part) // tests look at every plan; nil elsewhere
}

// NewEngine makes the cache and the threads for model. Close gives them back.
func NewEngine(model *Model, o EngineOptions) (*Engine, error) {
	o = o.withDefaults()
	if err := o.check(model); err != nil {
		return nil, err
	}
	if err := model.hold(); err != nil {
		return nil, err
	}
	ggml.LastLog()
	native := C.native_engine_new(model.native, C.native_engine_options{
		n_ctx: C.uint32_t(o.ContextPerSequence * o.Sequences), n_batch: C.uint32_t(o.Batch), n_seq: C.uint32_t(o.Sequences),
		threads: C.int32_t(o.Threads), flash_attn: o.FlashAttn.native(), kv_type: o.KVType.native(), unified: C.bool(o.SharedCache),
		own_products: C.bool(o.ownProducts()),
	})
	if native == nil {
		model.release()
		return nil, fmt.Errorf("make a context for %d x %d positions: %s", o.Sequences, o.ContextPerSequence, ggml.LastLog())
	}
	e := &Engine{
		model: model, o: o, requests: make(chan func(), 2*o.Sequences), changed: make(chan struct{}, 1),
		started: make(chan struct{}), stopped: make(chan struct{}),
		runner: &runner{native: native},
	}
	for id := o.Sequences - 1; id >= 0; id-- {
		e.free = append(e.free, id)
	}
	return e, nil
}

func (o EngineOptions) withDefaults() EngineOptions {
	set := func(v *int, standard int) {
		if *v == 0 {
			*v = standard
		}
	}
	set(&o.ContextPerSequence, 4096)
	set(&o.Sequences, 8)
	set(&o.Batch, max(64, o.Sequences))
	set(&o.Interleave, 32)
	set(&o.Threads, max(1, runtime.NumCPU()-1))
	return o
}

func (o EngineOptions) check(m *Model) error {
	for _, c := range []struct {
		name          string
		value, lo, hi int
	}{
		{"Sequences", o.Sequences, 1, maxSequences},
		{"ContextPerSequence", o.ContextPerSequence, 8, m.ContextTrained()},
		{"ContextPerSequence*Sequences", o.ContextPerSequence * o.Sequences, 8, maxPositions},
		{"Batch", o.Batch, o.Sequences, maxBatch},
		{"Interleave", o.Interleave, 1, maxBatch},
		{"Threads", o.Threads, 1, maxThreads},
		{"KVType", int(o.KVType), int(KVF16), int(KVQ8)},
		{"FlashAttn", int(o.FlashAttn), int(FlashAuto), int(FlashOff)},
	} {
		if c.value < c.lo || c.value > c.hi {
			return fmt.Errorf("make an engine for %s: %s is %d, want %d to %d", m.path, c.name, c.value, c.lo, c.hi)
		}
	}
	if m.vocabOnly {
		return fmt.Errorf("make an engine for %s: it was loaded without its weights", m.path)
	}
	if o.KVType == KVQ8 && o.FlashAttn == FlashOff {
		return errors.New("make an engine: KVQ8 needs flash attention")
	}
	return nil
}

func (t KVType) native() C.int32_t    { return [...]C.int32_t{1, 0, 8}[t] } // ggml's type numbers
func (f FlashAttn) native() C.int32_t { return [...]C.int32_t{-1, 1, 0}[f] }

// Model is the model this engine runs.
func (e *Engine) Model() *Model { return e.model }

// Options are the options in force, defaults filled in.
func (e *Engine) Options() EngineOptions { return e.o }

// Run decodes until ctx ends, then returns nil; whoever still waits for the engine gets ErrStopped.
// It may be called once.
func (e *Engine) Run(ctx context.Context) error {
	if err := e.begin(); err != nil {
		return err
	}
	defer close(e.stopped)
	for e.receive(ctx) {
		e.step()
	}
	return nil
}

func (e *Engine) begin() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ran || e.closed {
		return errors.New("run the engine: it has run or was closed")
	}
	e.ran = true
	close(e.started)
	return nil
}

// receive runs the requests at hand and, while there is nothing to decode, those to come. False: ctx has ended.
func (e *Engine) receive(ctx context.Context) bool {
	for ctx.Err() == nil {
		select {
		case f := <-e.requests:
			f()
			continue
		default:
		}
		if e.hasWork() {
			return true
		}
		e.rest(ctx)
	}
	return false
}

// rest waits for something to do.
func (e *Engine) rest(ctx context.Context) {
	var over <-chan time.Time
	if at, ok := e.patience(); ok {
		over = time.After(time.Until(at))
	}
	select {
	case f := <-e.requests:
		f()
	case <-e.changed:
	case <-over:
	case <-ctx.Done():
	}
}

// do runs f on the engine's goroutine, between two steps, and waits for it.
func (e *Engine) do(f func()) error {
	done := make(chan struct{})
	if err := e.send(func() { f(); close(done) }); err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-e.stopped:
	}
	select {
	case <-done:
		return nil
	default:
		return ErrStopped
	}
}

// send hands f to the engine's goroutine.
func (e *Engine) send(f func()) error {
	select {
	case <-e.stopped:
		return ErrStopped
	default:
	}
	select {
	case e.requests <- f:
		return nil
	case <-e.stopped:
		return ErrStopped
	}
}

// Close frees the cache and the threads. Run must have returned, or never been called.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	if e.ran {
		select {
		case <-e.stopped:
		default:
			return errors.New("close the engine: Run has not returned")
		}
	} else {
		close(e.stopped)
	}
	e.closed = true
	C.native_engine_free(e.native)
	e.native = nil
	e.model.release()
	return nil
}

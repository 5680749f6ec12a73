package llama

/*
#include "native.h"
*/
import "C"

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
	"unsafe"
)

// A prefill is an Append under way.
type prefill struct {
	ctx      context.Context // the caller's: it waits for result as long as it takes
	seq      *Sequence
	tokens   []int32   // [n], or
	embd     []float32 // [n, n_embd]
	n, start int
	done     int // positions decoded so far
	came     time.Time
	class    Class      // as the last plan found it
	due      time.Time  // likewise
	result   chan error // 1 place: the engine never waits
	forget   func() bool
	inStep   bool // guarded by watch
}

// A part is what one sequence brings to a step.
type part struct {
	seq *Sequence
	gen *generation // one of these two
	pre *prefill
	n   int
}

// last reports whether the part is the end of what its sequence brings, so that logits are wanted.
func (p part) last() bool { return p.gen != nil || p.pre.done+p.n == p.pre.n }

// A watch ends a step early when nobody wants its result any more.
type watch struct {
	sync.Mutex
	native *C.native_engine
	parts  []part // of the step under way; nil between steps
	wanted int    // those of them whose callers still wait
}

// admit queues p.
func (e *Engine) admit(p *prefill) {
	p.start, p.came = p.seq.cached, time.Now()
	p.forget = context.AfterFunc(p.ctx, func() { e.watch.leave(p); e.wake() })
	e.prefills = append(e.prefills, p)
	p.assess(p.came)
}

// hasWork tells whether a step has anything to do: tokens, or prompts that need not rest.
func (e *Engine) hasWork() bool {
	for _, g := range e.generations {
		if g.pending {
			return true
		}
	}
	for _, p := range e.prefills {
		if !e.rests(p) || p.ctx.Err() != nil || time.Now().After(p.due) {
			return true
		}
	}
	return false
}

// step decodes one batch: every token that waits for its turn, then as much of the prompts as there is room for.
func (e *Engine) step() {
	began := time.Now()
	tokens, embeddings := e.plan(began)
	e.decode(tokens, false)
	e.decode(embeddings, true)
	e.work.spent(time.Since(began), tokens, embeddings)
}

// plan picks the parts of the next step; tokens and embeddings cannot share a batch.
func (e *Engine) plan(now time.Time) (tokens, embeddings []part) {
	tokens, embeddings = e.tokens[:0], e.embeddings[:0]
	for _, g := range e.generations {
		if g.pending {
			tokens = append(tokens, part{seq: g.seq, gen: g, n: 1})
		}
	}
	room := e.o.Batch - len(tokens)
	if len(e.generations) > 0 {
		room = min(room, e.o.Interleave)
	}
	e.dismiss()
	e.sortPrefills(now)
	bite := e.bite()
	for _, p := range e.prefills {
		n := min(room, p.n-p.done)
		switch {
		case e.rests(p):
			n = 0
		case p.class == Background:
			n = min(n, bite)
			bite -= n
		}
		room -= n
		switch {
		case n == 0:
		case p.embd != nil:
			embeddings = append(embeddings, part{seq: p.seq, pre: p, n: n})
		default:
			tokens = append(tokens, part{seq: p.seq, pre: p, n: n})
		}
	}
	e.tokens, e.embeddings = inLine(tokens), inLine(embeddings)
	if e.probe != nil {
		e.probe(tokens, embeddings)
	}
	return tokens, embeddings
}

// inLine orders parts by their sequences' places in the cache: without a shared cache libllama computes together only what
// lies side by side, and the rest one after another.
func inLine(parts []part) []part {
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.seq.id, b.seq.id) })
	return parts
}

// dismiss ends the prompts that nobody waits for any more.
func (e *Engine) dismiss() {
	for i := 0; i < len(e.prefills); {
		if p := e.prefills[i]; p.ctx.Err() != nil {
			e.retire(p, p.ctx.Err())
			continue
		}
		i++
	}
}

// decode runs one batch and gives every part its result.
func (e *Engine) decode(parts []part, embeddings bool) {
	if len(parts) == 0 {
		return
	}
	if embeddings && !bool(C.native_engine_embeddings(e.native)) {
		e.fail(parts, fmt.Errorf("append embeddings: no memory for a batch of %d", e.o.Batch))
		return
	}
	n := e.fill(parts, embeddings)
	e.watch.begin(e.native, parts)
	code := C.native_decode(e.native, C.int32_t(n), C.bool(embeddings))
	e.watch.end(parts)
	e.work.count(parts, n)
	if code == 0 {
		e.accept(parts)
		return
	}
	for _, p := range parts {
		C.native_remove(e.native, C.int32_t(p.seq.id), C.int32_t(p.seq.first+p.seq.cached))
	}
	switch code {
	case 1:
		e.fail(parts, fmt.Errorf("decode: %w", ErrContextFull))
	case 2: // nobody waited for it, and the next plan dismisses it; or it gave way, and comes again
	default:
		e.fail(parts, fmt.Errorf("decode: libllama refused the batch (code %d)", code))
	}
}

// fill writes the parts into libllama's batch and returns its length.
func (e *Engine) fill(parts []part, embeddings bool) int {
	c := int(e.native.capacity)
	tokens, seqs := ints(e.native.token, c), ints(e.native.seq, c)
	pos, wanted := ints(e.native.batch.pos, c), unsafe.Slice((*int8)(e.native.batch.logits), c)
	at := 0
	for _, p := range parts {
		switch width := e.model.nEmbd; {
		case p.gen != nil:
			tokens[at] = p.gen.token
		case embeddings:
			embd := unsafe.Slice((*float32)(e.native.embd), c*width)
			copy(embd[at*width:], p.pre.embd[p.pre.done*width:(p.pre.done+p.n)*width])
		default:
			copy(tokens[at:], p.pre.tokens[p.pre.done:p.pre.done+p.n])
		}
		for i := range p.n {
			pos[at+i], seqs[at+i], wanted[at+i] = int32(p.seq.first+p.seq.cached+i), int32(p.seq.id), 0
		}
		at += p.n
		if p.last() {
			wanted[at-1] = 1
		}
	}
	return at
}

func ints(p *C.int32_t, n int) []int32 { return unsafe.Slice((*int32)(p), n) }

// accept takes a decoded batch into account.
func (e *Engine) accept(parts []part) {
	at := 0
	for _, p := range parts {
		at += p.n
		p.seq.cached += p.n
		if p.last() {
			row := C.native_logits(e.native, C.int32_t(at-1))
			p.seq.logits = append(p.seq.logits[:0], unsafe.Slice((*float32)(row), e.model.nVocab)...)
			p.seq.logitsAt = p.seq.cached
		}
		if p.gen != nil {
			p.seq.tokens = append(p.seq.tokens, p.gen.token)
			p.gen.pending = false
			e.advance(p.gen)
			continue
		}
		e.progress(p)
	}
}

// progress counts a decoded part of a prompt in, and ends the prompt with its last part.
func (e *Engine) progress(p part) {
	for i := range p.n {
		id := int32(embedded)
		if p.pre.tokens != nil {
			id = p.pre.tokens[p.pre.done+i]
		}
		p.seq.tokens = append(p.seq.tokens, id)
	}
	p.pre.done += p.n
	if p.pre.done == p.pre.n {
		p.seq.length.Store(int64(p.seq.cached))
		e.retire(p.pre, nil)
	}
}

// fail ends every part's work with err.
func (e *Engine) fail(parts []part, err error) {
	for _, p := range parts {
		if p.gen != nil {
			p.gen.pending, p.gen.failed = false, err
			p.seq.length.Store(int64(p.seq.cached))
			e.advance(p.gen)
			continue
		}
		e.retire(p.pre, err)
	}
}

// retire takes p off the queue; with an error its sequence is put back to where it was.
func (e *Engine) retire(p *prefill, err error) {
	p.forget()
	e.prefills = slices.DeleteFunc(e.prefills, func(q *prefill) bool { return q == p })
	if err != nil && p.done > 0 {
		if cut := p.seq.cut(p.start); cut != nil {
			err = fmt.Errorf("%w (and then: %w)", err, cut)
		}
	}
	p.result <- err
}

// begin notes who waits for the step that starts now. Tokens already yielded always want theirs.
func (w *watch) begin(native *C.native_engine, parts []part) {
	w.Lock()
	defer w.Unlock()
	w.native, w.parts, w.wanted = native, parts, 0
	for _, p := range parts {
		if p.gen != nil || p.pre.ctx.Err() == nil {
			w.wanted++
		}
		if p.pre != nil {
			p.pre.inStep = p.pre.ctx.Err() == nil
		}
	}
	C.native_abort(native, 0)
}

func (w *watch) end(parts []part) {
	w.Lock()
	defer w.Unlock()
	w.parts = nil
	for _, p := range parts {
		if p.pre != nil {
			p.pre.inStep = false
		}
	}
}

// leave is called when the caller of p has given up.
func (w *watch) leave(p *prefill) {
	w.Lock()
	defer w.Unlock()
	if !p.inStep {
		return
	}
	p.inStep = false
	if w.wanted--; w.wanted == 0 {
		C.native_abort(w.native, 1)
	}
}

// giveWay breaks off a step of nothing but Background: s, which is not part of it, has a turn.
func (w *watch) giveWay(s *Sequence) {
	w.Lock()
	defer w.Unlock()
	for _, p := range w.parts {
		if p.seq == s || p.gen != nil || p.pre.class != Background {
			return
		}
	}
	if len(w.parts) > 0 {
		C.native_abort(w.native, 1)
	}
}

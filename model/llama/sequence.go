package llama

/*
#include "native.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
)

// A Sequence is one conversation's part of the cache: positions 0 to Len-1, each a token or an embedding.
type Sequence struct {
	e       *Engine
	id      int
	busy    atomic.Bool             // a method is running
	length  atomic.Int64            // what Len says
	urgency atomic.Pointer[urgency] // nil: Normal
	closed  atomic.Bool
	reason  Reason // of the last Generate

	// touched by the engine's goroutine only
	first    int       // position of the first token
	cached   int       // positions decoded; Len, or one less while a token that was yielded is being decoded
	tokens   []int32   // [cached]; embedded for a position that came as an embedding
	logits   []float32 // [n_vocab] after position logitsAt-1
	logitsAt int
}

// embedded stands in a sequence's history where there is no token id.
const embedded = -1

var (
	errInUse  = errors.New("llama: the sequence is used by two goroutines at once")
	errClosed = errors.New("llama: the sequence is closed")
)

// NewSequence returns an empty sequence, or ErrBusy when as many are held as the engine has room for.
func (e *Engine) NewSequence() (*Sequence, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, ErrStopped
	}
	if len(e.free) == 0 {
		return nil, ErrBusy
	}
	id := e.free[len(e.free)-1]
	e.free = e.free[:len(e.free)-1]
	return &Sequence{e: e, id: id, tokens: make([]int32, 0, e.o.ContextPerSequence)}, nil
}

// Free is how many sequences can still be had.
func (e *Engine) Free() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.free)
}

// Len is the number of positions held. A token that Generate has yielded counts from that moment.
func (s *Sequence) Len() int { return int(s.length.Load()) }

// Room is how many positions are left.
func (s *Sequence) Room() int { return s.e.o.ContextPerSequence - s.Len() }

// enter marks the sequence as used.
func (s *Sequence) enter() error {
	if !s.busy.CompareAndSwap(false, true) {
		return errInUse
	}
	if s.closed.Load() {
		s.leave()
		return errClosed
	}
	return nil
}

func (s *Sequence) leave() { s.busy.Store(false) }

// Append puts tokens at the end and works out what may follow the last one. All or nothing: when ctx ends first (checked
// within one step) or on an error the sequence is as it was. ErrContextFull: they do not fit. No tokens: nothing happens.
func (s *Sequence) Append(ctx context.Context, tokens []int32) error {
	for i, id := range tokens {
		if !s.e.model.valid(id) {
			return fmt.Errorf("append: token %d is %d, want 0 to %d", i, id, s.e.model.nVocab-1)
		}
	}
	return s.prefill(ctx, &prefill{tokens: tokens, n: len(tokens)})
}

// AppendEmbeddings is Append for input embeddings, len(embd) = n*NEmbd, row by row.
func (s *Sequence) AppendEmbeddings(ctx context.Context, embd []float32) error {
	width := s.e.model.nEmbd
	if len(embd)%width != 0 {
		return fmt.Errorf("append embeddings: %d numbers are no multiple of the width %d", len(embd), width)
	}
	for i, v := range embd {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("append embeddings: row %d column %d is %v", i/width, i%width, v)
		}
	}
	return s.prefill(ctx, &prefill{embd: embd, n: len(embd) / width})
}

func (s *Sequence) prefill(ctx context.Context, p *prefill) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if p.n == 0 {
		return ctx.Err()
	}
	if p.n > s.Room() {
		return fmt.Errorf("append %d positions to %d of %d: %w", p.n, s.Len(), s.e.o.ContextPerSequence, ErrContextFull)
	}
	return s.submit(ctx, p)
}

// submit queues p and waits for it.
func (s *Sequence) submit(ctx context.Context, p *prefill) error {
	select {
	case <-s.e.started:
	case <-s.e.stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	p.ctx, p.seq, p.result = ctx, s, make(chan error, 1)
	if err := s.e.send(func() { s.e.admit(p) }); err != nil {
		return err
	}
	select {
	case err := <-p.result: // comes soon after ctx ends, too
		return err
	case <-s.e.stopped:
	}
	select {
	case err := <-p.result:
		return err
	default:
		return ErrStopped
	}
}

// StartAt numbers the positions of an empty sequence from first on; the room it has stays the same. The rotary embedding
// knows only distances, so that this changes no answer but by rounding: it shows how far positions may go.
func (s *Sequence) StartAt(first int) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if first < 0 || first > maxPositions || s.Len() != 0 {
		return fmt.Errorf("start at position %d: want 0 to %d, and an empty sequence", first, maxPositions)
	}
	return s.e.do(func() { s.first = first })
}

// Truncate forgets every position from n on; n must be within 0 to Len.
func (s *Sequence) Truncate(n int) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if n < 0 || n > s.Len() {
		return fmt.Errorf("truncate to %d: the sequence holds %d positions", n, s.Len())
	}
	var err error
	if stopped := s.e.do(func() { err = s.cut(n) }); stopped != nil {
		return stopped
	}
	return err
}

// cut is Truncate on the engine's goroutine.
func (s *Sequence) cut(n int) error {
	if n == s.cached {
		return nil
	}
	if !bool(C.native_remove(s.e.native, C.int32_t(s.id), C.int32_t(s.first+n))) {
		return fmt.Errorf("truncate to %d: this model cannot forget a part of what it holds", n)
	}
	s.cached, s.tokens = n, s.tokens[:n]
	s.length.Store(int64(n))
	return nil
}

// CopyFrom makes the sequence hold the first n positions of src, and nothing else. It costs some milliseconds, with a shared cache
// microseconds.
// src may be generating meanwhile; both must belong to one engine.
func (s *Sequence) CopyFrom(src *Sequence, n int) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if src == s || src.e != s.e {
		return errors.New("copy a sequence: the source must be another sequence of the same engine")
	}
	var err error
	if stopped := s.e.do(func() { err = s.copyFrom(src, n) }); stopped != nil {
		return stopped
	}
	return err
}

func (s *Sequence) copyFrom(src *Sequence, n int) error {
	if n < 0 || n > src.cached || src.closed.Load() {
		return fmt.Errorf("copy %d positions: the source holds %d", n, src.cached)
	}
	if err := s.cut(0); err != nil {
		return err
	}
	s.logitsAt = 0
	if n == 0 {
		return nil
	}
	whole := C.int32_t(-1)
	if !s.e.o.SharedCache {
		C.native_copy(s.e.native, C.int32_t(src.id), C.int32_t(s.id), whole) // a part would abort
		if n < src.cached && !bool(C.native_remove(s.e.native, C.int32_t(s.id), C.int32_t(src.first+n))) {
			C.native_remove(s.e.native, C.int32_t(s.id), 0)
			return fmt.Errorf("copy %d positions: this model cannot forget a part of what it holds", n)
		}
	} else {
		C.native_copy(s.e.native, C.int32_t(src.id), C.int32_t(s.id), C.int32_t(src.first+n))
	}
	s.first, s.cached, s.tokens = src.first, n, append(s.tokens[:0], src.tokens[:n]...)
	s.length.Store(int64(n))
	if src.logitsAt == n {
		s.logits, s.logitsAt = append(s.logits[:0], src.logits...), n
	}
	return nil
}

// Logits returns a copy of the raw scores of every token to come after the last position, or nil where they are not
// known: at the start and after Truncate.
func (s *Sequence) Logits() []float32 {
	if s.enter() != nil {
		return nil
	}
	defer s.leave()
	var out []float32
	if s.e.do(func() {
		if s.cached > 0 && s.logitsAt == s.cached {
			out = append(out, s.logits...)
		}
	}) != nil {
		return nil
	}
	return out
}

// Close gives the sequence's place back; the next NewSequence can have it when Close returns. It must not be called while
// another method runs; it may be called twice.
func (s *Sequence) Close() {
	if !s.closed.CompareAndSwap(false, true) {
		return
	}
	s.e.rank(s, nil)
	select {
	case <-s.e.started:
		if s.e.do(func() { _ = s.cut(0); s.tokens, s.logits = nil, nil }) != nil {
			return
		}
	default: // never ran: nothing was cached
	}
	s.e.mu.Lock()
	defer s.e.mu.Unlock()
	s.e.free = append(s.e.free, s.id)
}

package omni

import (
	"context"
	"fmt"
	"slices"

	"omnilive/model"
	"omnilive/model/omni/compressor"
)

// A Soundtrack makes of a sound without end what Model.Video makes of a whole one: a row a second. A window of the audio encoder
// (30 s) is encoded once it is complete and goes through the compressor, whose state goes on to the next; so rows come
// 30 at a time, equal to those of the whole sound to the bit. It belongs to one goroutine at a time.
type Soundtrack struct {
	m     *Model
	state *compressor.State
	open  []float32 // samples that wait for their window to be complete
	over  []float32 // rows of the encoder that no second has used, where a window is not of whole seconds
	ready ready
	count SoundtrackCounts
}

// SoundtrackCounts are what has become of a sound's seconds.
type SoundtrackCounts struct {
	Windows int // that were encoded or reused
	Silent  int // of these: without a sound, for which the rows of the last such window stood
	Dropped int // seconds that nobody took in time
	Mended  int // samples that were no numbers and became silence
}

// maxReady is how many rows wait for Take, and maxOpen how many windows for an encoder that was interrupted: five minutes each.
const (
	maxReady = 300
	maxOpen  = 10
)

// Soundtrack begins to listen to the sound of a video.
func (m *Model) Soundtrack() (*Soundtrack, error) {
	switch {
	case m.nets.audio == nil:
		return nil, absent(AudioModel)
	case m.nets.compressor == nil:
		return nil, absent(Compressor)
	}
	c := m.nets.compressor
	if in := m.nets.audio.Width(); c.Shape().In != in {
		return nil, fmt.Errorf("listen to a soundtrack: the compressor takes rows of %d values, the audio encoder makes %d", c.Shape().In, in)
	}
	return &Soundtrack{m: m, state: c.Start(), ready: ready{width: c.Shape().Out}}, nil
}

// Push takes what the microphone brings next, 16 kHz mono in [-1, 1); what is not a number becomes silence, for the clock must
// not stop. Where a window is complete it is encoded here. An error means that it could not be: it is tried again with the next
// Push, until ten wait; then the oldest is dropped.
func (s *Soundtrack) Push(ctx context.Context, samples []float32) error {
	var first error
	for whole := s.window(); len(samples) > 0 || len(s.open) >= whole; {
		n := min(len(samples), whole-len(s.open)%whole)
		s.take(samples[:n])
		samples = samples[n:]
		for first == nil && len(s.open) >= whole {
			if first = s.encode(ctx, s.open[:whole]); first == nil {
				s.open = s.open[:copy(s.open, s.open[whole:])]
			}
		}
		if first != nil && len(samples) == 0 {
			return fmt.Errorf("listen to the soundtrack: %w", first)
		}
	}
	return nil
}

// window returns the samples of a window.
func (s *Soundtrack) window() int { return s.m.nets.audio.Config().PieceSamples() }

// take keeps samples until their window is encoded.
func (s *Soundtrack) take(samples []float32) {
	if len(s.open)+len(samples) > maxOpen*s.window() {
		s.open = s.open[:copy(s.open, s.open[s.window():])]
		lost := s.window() / model.InputRate
		s.count.Dropped += lost
		s.ready.skip(lost)
	}
	for _, v := range samples {
		if v-v != 0 {
			v = 0
			s.count.Mended++
		}
		s.open = append(s.open, v)
	}
}

// encode makes rows of a complete window.
func (s *Soundtrack) encode(ctx context.Context, samples []float32) error {
	rows, silent, err := s.m.hushed(ctx, samples)
	if err != nil {
		return err
	}
	all := rows
	if len(s.over) > 0 {
		all = slices.Concat(s.over, rows)
	}
	second := s.m.nets.compressor.Shape().Chunk * s.m.nets.compressor.Shape().In
	n := len(all) / second * second
	out, err := s.compress(ctx, all[:n], s.m.nets.compressor.Step)
	if err != nil {
		return err
	}
	s.over = append(s.over[:0], all[n:]...)
	s.count.Windows++
	if silent {
		s.count.Silent++
	}
	s.count.Dropped += s.ready.add(out)
	return nil
}

// compress has rows compressed in one way.
func (s *Soundtrack) compress(ctx context.Context, rows []float32, way func(context.Context, *compressor.State, []float32) ([]float32, error)) ([]float32, error) {
	defer s.m.at(Compressor).lock(ctx)()
	return way(ctx, s.state, rows)
}

// Finish ends the sound: what was left of it becomes rows. Then another sound may begin.
func (s *Soundtrack) Finish(ctx context.Context) error {
	if err := s.Push(ctx, nil); err != nil {
		return err
	}
	rest, err := s.m.listen(ctx, s.open)
	if err != nil {
		return fmt.Errorf("listen to the soundtrack: %w", err)
	}
	out, err := s.compress(ctx, slices.Concat(s.over, rest), s.m.nets.compressor.Finish)
	if err != nil {
		return fmt.Errorf("listen to the soundtrack: %w", err)
	}
	s.count.Dropped += s.ready.add(out)
	s.state, s.open, s.over = s.m.nets.compressor.Start(), s.open[:0], s.over[:0]
	return nil
}

// Take hands out the rows that are ready, one for each second; they belong to the caller.
func (s *Soundtrack) Take() (rows []float32, seconds int) { return s.ready.take() }

// Pending returns how many seconds Take would hand out.
func (s *Soundtrack) Pending() int { return s.ready.seconds() }

// At returns which second of the sound Take's first row is, counted from 0.
func (s *Soundtrack) At() int { return s.ready.at }

// Counts returns what has become of the seconds so far.
func (s *Soundtrack) Counts() SoundtrackCounts { return s.count }

// ready is the rows that wait to be taken, the newest maxReady of them.
type ready struct {
	rows  []float32
	width int
	at    int // second of the first row
}

func (r *ready) seconds() int { return len(r.rows) / r.width }

// add returns how many rows were dropped for those that came.
func (r *ready) add(rows []float32) (dropped int) {
	r.rows = append(r.rows, rows...)
	if dropped = max(0, r.seconds()-maxReady); dropped > 0 {
		r.rows = r.rows[:copy(r.rows, r.rows[dropped*r.width:])]
		r.at += dropped
	}
	return dropped
}

// skip leaves out seconds that will never be: what waits would have gaps, and is dropped too.
func (r *ready) skip(seconds int) {
	r.at += r.seconds() + seconds
	r.rows = r.rows[:0]
}

func (r *ready) take() (rows []float32, seconds int) {
	rows, seconds = slices.Clone(r.rows), r.seconds()
	r.rows, r.at = r.rows[:0], r.at+seconds
	return rows, seconds
}

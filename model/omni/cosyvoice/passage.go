package cosyvoice

import (
	"context"
	"errors"
	"fmt"
)

const (
	groupChunks = 4       // chunks that are made in one graph
	passageRoom = 1 << 30 // bytes of what a passage remembers of the estimator, where nothing else is said
)

// A Passage is speech in progress: units come in, and the mel frames of those that can be told are made, chunk by chunk.
// A frame depends on the units up to the end of its chunk and Lookahead more, so frames that were made stay as they are.
//
// What the estimator remembers of a unit is much (9 MB of f32 in CosyVoice2-0.5B, for all its steps), so as many steps as
// there is room for remember, and the others run anew over all frames, as all do in the reference. The frames are the same.
type Passage struct {
	d      *Decoder
	voice  *Voice
	color  []float32
	room   int64
	units  []int32 // the prompt's first
	whole  int     // units, prompt's included, whose chunks are complete and remembered
	done   int     // units, prompt's included, whose frames were given away
	broken bool    // ended, or a run failed half way
	mean   []float32
	trail  [][]float32 // [steps]: the frames before each step, [frames][bands]
	lower  *past       // of the encoder
	steps  []*past     // of the estimator, one for each step, nil where it does not remember
	spare  *past       // of the estimator, for one step that does not remember
}

// Begin begins to speak in a voice; what the estimator remembers takes at most room bytes, 0 meaning 1 GiB.
func (d *Decoder) Begin(v *Voice, room int64) (*Passage, error) {
	if d.flow == nil {
		return nil, errNoFlow
	}
	if room == 0 {
		room = passageRoom
	}
	steps := d.flow.Config.Matching.Steps
	return &Passage{
		d: d, voice: v, color: d.flow.color(v), room: room, units: append([]int32(nil), v.units...), done: len(v.units),
		trail: make([][]float32, steps), steps: make([]*past, steps),
	}, nil
}

// Close frees what the passage remembers. It is safe to call it twice.
func (p *Passage) Close() {
	for _, s := range p.steps {
		s.close()
	}
	p.lower.close()
	p.spare.close()
	p.broken = true
}

// Push adds units to be spoken.
func (p *Passage) Push(units []int32) error {
	c := p.d.flow.Config
	if n, most := len(p.units)+len(units), p.d.noise.Frames()/c.Ratio; n > most {
		return fmt.Errorf("cosyvoice: %d units with the prompt's, at most %d", n, most)
	}
	if err := c.checkUnits(units); err != nil {
		return fmt.Errorf("cosyvoice: %w", err)
	}
	p.units = append(p.units, units...)
	return nil
}

// Waiting returns how many units have no frames yet.
func (p *Passage) Waiting() int { return len(p.units) - p.done }

// Next makes the frames [frames][bands] of the next n units. There must be Lookahead more units behind them. Where the
// prompt and all units so far do not end with a chunk, the last frames see less than they would have seen later.
func (p *Passage) Next(ctx context.Context, n int) ([]float32, error) {
	c := p.d.flow.Config
	if n < 1 || n > p.Waiting()-c.Lookahead {
		return nil, fmt.Errorf("cosyvoice: frames of %d units while %d wait, %d of them to look ahead at", n, p.Waiting(), c.Lookahead)
	}
	end := p.done + n
	return p.make(ctx, end, end+c.Lookahead, c.Encoder.Chunk)
}

// Rest makes the frames of all units that wait; no more may follow. The reference lets these frames, unlike all before
// them, see the whole utterance: whole does so too, which costs as much as making all of it anew.
func (p *Passage) Rest(ctx context.Context, whole bool) ([]float32, error) {
	chunk := p.d.flow.Config.Encoder.Chunk
	if whole {
		chunk, p.whole = 0, 0
	}
	if p.Waiting() == 0 {
		return nil, nil
	}
	mel, err := p.make(ctx, len(p.units), len(p.units), chunk)
	p.broken = true
	return mel, err
}

// make makes the frames of the waiting units up to end, looking at those up to seen.
func (p *Passage) make(ctx context.Context, end, seen, chunk int) ([]float32, error) {
	if p.broken {
		return nil, errors.New("cosyvoice: the passage has ended")
	}
	p.broken = true
	bands := p.d.flow.Config.Mel * p.d.flow.Config.Ratio
	keep := p.whole // frames of these stay as they are
	p.mean = append(p.mean[:keep*bands:keep*bands], make([]float32, (end-keep)*bands)...)
	if err := p.remember(ctx, end, chunk); err != nil {
		return nil, err
	}
	for s := range p.spans(keep, end, chunk) {
		if err := p.encode(ctx, s, p.units[s.before:min(seen, s.before+s.n+p.d.flow.Config.Lookahead)]); err != nil {
			return nil, err
		}
	}
	x, err := p.follow(ctx, end, chunk)
	if err != nil {
		return nil, err
	}
	mel := x[(p.done-keep)*bands:]
	if chunk > 0 {
		p.whole = end / chunk * chunk
	}
	p.done, p.broken = end, false
	return mel, nil
}

// spans yields the runs that make units from to end-1.
func (p *Passage) spans(from, end, chunk int) func(func(span) bool) {
	return func(yield func(span) bool) {
		if chunk == 0 {
			yield(span{n: end})
			return
		}
		for from < end {
			to := min(end, from+groupChunks*chunk)
			if !yield(span{n: to - from, before: from, commit: to/chunk*chunk - from, chunk: chunk}) {
				return
			}
			from = to
		}
	}
}

// encode makes the means of the frames of s.
func (p *Passage) encode(ctx context.Context, s span, units []int32) error {
	d, c := p.d, p.d.flow.Config
	if err := d.roomFor(s.encoderNodes(c)); err != nil {
		return err
	}
	s.units = units
	if s.chunk > 0 {
		s.past = p.lower
	}
	y, fill := d.flow.mean(d.graph, s)
	mean, err := d.compute(ctx, "flow encoder", s, y, fill)
	copy(p.mean[s.before*c.Ratio*c.Mel:], mean)
	return err
}

// follow moves the frames of units from p.whole to end-1 from the noise along the velocities, and returns them.
func (p *Passage) follow(ctx context.Context, end, chunk int) ([]float32, error) {
	d, c := p.d, p.d.flow.Config
	from, bands := p.whole, c.Mel*c.Ratio
	x := append([]float32(nil), d.noise.frames(from*c.Ratio, end*c.Ratio)...)
	times, err := d.levels(ctx)
	if err != nil {
		return nil, err
	}
	d.watch("spk", p.color)
	schedule := c.Matching.Times()
	t := schedule[0]
	for i := range c.Matching.Steps {
		d.watch("x", x)
		p.trail[i] = append(p.trail[i][:min(len(p.trail[i]), from*bands)], x...)
		start, past := from, p.steps[i]
		if past == nil {
			start = 0
			if past = p.spare; past != nil {
				past.length = 0
			}
		}
		var dt float32
		t, dt = after(t, schedule[i+1])
		for s := range p.spans(start, end, chunk) {
			if chunk > 0 {
				s.past = past
			}
			v, err := p.velocity(ctx, s, p.trail[i], times[i])
			if err != nil {
				return nil, err
			}
			p.step(x, v, s, dt)
		}
	}
	return x, nil
}

// velocity runs the estimator on the frames of s, out of all frames.
func (p *Passage) velocity(ctx context.Context, s span, frames, times []float32) ([]float32, error) {
	d, c := p.d, p.d.flow.Config
	if err := d.roomFor(s.estimatorNodes(c)); err != nil {
		return nil, err
	}
	y, fill := d.flow.velocity(d.graph, s, p.inputs(s, frames), times)
	return d.compute(ctx, "flow estimator", s, y, fill)
}

// inputs lays out what the estimator is told of the frames of s, [2·frames][4·bands]: where they are, their means, the
// speaker and the prompt's frames in the first half, only where they are in the second.
func (p *Passage) inputs(s span, frames []float32) []float32 {
	c := p.d.flow.Config
	n, at, bands := s.n*c.Ratio, s.before*c.Ratio, c.Mel
	in := make([]float32, 2*n*4*bands)
	for i := range n {
		row, frame := in[i*4*bands:], (at+i)*bands
		copy(row, frames[frame:frame+bands])
		copy(row[bands:], p.mean[frame:frame+bands])
		copy(row[2*bands:], p.color)
		if frame < len(p.voice.mel) {
			copy(row[3*bands:], p.voice.mel[frame:frame+bands])
		}
		copy(in[(n+i)*4*bands:], frames[frame:frame+bands])
	}
	return in
}

// step moves those of the frames of s that are in x, whose first is of unit p.whole, along the velocities v [known ‖ blind]
// for dt, the known ones pushed away from the blind.
func (p *Passage) step(x, v []float32, s span, dt float32) {
	c := p.d.flow.Config
	guidance, bands := float32(c.Matching.Guidance), c.Mel*c.Ratio
	known, blind := v[:len(v)/2], v[len(v)/2:]
	skip := max(0, p.whole-s.before) * bands
	if skip >= len(known) {
		return
	}
	x = x[max(0, s.before-p.whole)*bands:]
	for i := skip; i < len(known); i++ {
		x[i-skip] += dt * ((1+guidance)*known[i] - guidance*blind[i])
	}
}

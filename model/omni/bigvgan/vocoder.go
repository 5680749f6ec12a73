package bigvgan

import (
	"context"
	"errors"
	"fmt"
	"math"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A Vocoder turns units into sound.
type Vocoder struct {
	config  Config
	backend *ggml.Backend
	graph   *ggml.Graph
	units   []float32 // embeddings, scaled
	table   []float32 // speaker vectors, where the checkpoint has a table of them
	levels  []level
	piece   int
}

// Declare names the tensors of the vocoder in p. What is wrong with c becomes a mistake of p. Once p is loaded the Vocoder
// runs on b, on which it was loaded. The speaker table is read where the checkpoint has one (spk_emb.weight); the encoder
// that makes speaker vectors of sound instead (spk_emb.layer1 …) is package ecapa's.
func Declare(p *checkpoint.Plan, c Config, b *ggml.Backend) *Vocoder {
	v := &Vocoder{config: c, backend: b, piece: piece}
	if err := c.check(); err != nil {
		p.Fail(fmt.Errorf("config of the vocoder: %w", err))
		return v
	}
	if _, ok := p.Find("spk_emb.weight"); ok {
		p.Floats(&v.table, "spk_emb.weight", int64(c.Speakers), int64(c.SpeakerDim))
	}
	dim := int64(c.UnitDim)
	p.MadeFloats(&v.units, []checkpoint.Need{{Name: "unit_emb.weight", Shape: []int64{int64(c.Units), dim}}}, func(parts [][]float32) []float32 {
		scale := float32(1 / math.Sqrt(float64(dim)))
		for i := range parts[0] {
			parts[0][i] *= scale
		}
		return parts[0]
	})
	first := &entry{in: c.UnitDim + c.SpeakerDim}
	first.conv.declare(p, "conv_pre.conv", c.Channels, first.in, entryTaps, 1, true)
	v.levels = append(v.levels, first)
	for i := range c.Rates {
		s := &stage{}
		s.declare(p, c, i)
		v.levels = append(v.levels, s)
	}
	last := &exit{in: c.Channels >> len(c.Rates)}
	last.bend.declare(p, "activation_post", c, last.in)
	last.conv.declare(p, "conv_post.conv", 1, last.in, exitTaps, 1, c.FinalBias)
	v.levels = append(v.levels, last)
	return v
}

const (
	entryTaps = 7
	exitTaps  = 7
)

// Close frees what was computed in; the weights are the plan's. It is safe to call it twice.
func (v *Vocoder) Close() {
	if v.graph != nil {
		v.graph.Close()
	}
	v.graph = nil
}

// Rate returns the samples a second.
func (v *Vocoder) Rate() int { return v.config.Rate }

// Samples returns the samples that a unit becomes.
func (v *Vocoder) Samples() int { return v.config.Samples() }

// Units returns how many kinds of units there are.
func (v *Vocoder) Units() int { return v.config.Units }

// Width returns the length of a speaker vector.
func (v *Vocoder) Width() int { return v.config.SpeakerDim }

// Speakers returns how many speaker vectors the checkpoint holds, 0 where they are made of sound.
func (v *Vocoder) Speakers() int { return len(v.table) / v.config.SpeakerDim }

// Speaker returns a speaker vector of the checkpoint.
func (v *Vocoder) Speaker(i int) ([]float32, error) {
	if i < 0 || i >= v.Speakers() {
		return nil, fmt.Errorf("speaker %d of %d", i, v.Speakers())
	}
	n := v.config.SpeakerDim
	return v.table[i*n : (i+1)*n : (i+1)*n], nil
}

// Known returns the units that there are; the language model has one more, 6561, that means no sound and is left out.
func (v *Vocoder) Known(units []int32) []int32 {
	known := make([]int32, 0, len(units))
	for _, u := range units {
		if u >= 0 && int(u) < v.config.Units {
			known = append(known, u)
		}
	}
	return known
}

// Context returns how many units before and behind a unit its sound hangs on.
func (v *Vocoder) Context() (before, behind int) {
	n := int64(v.Samples())
	s := span{0, n}
	for i := len(v.levels) - 1; i >= 0; i-- {
		s = v.levels[i].need(s)
	}
	return int(-s.from), int(s.to - 1)
}

// check tells what is wrong with what is to be decoded.
func (v *Vocoder) check(units []int32, speaker []float32) error {
	for i, u := range units {
		if u < 0 || int(u) >= v.config.Units {
			return fmt.Errorf("unit %d is %d, want 0 to %d", i, u, v.config.Units-1)
		}
	}
	if len(speaker) != v.config.SpeakerDim {
		return fmt.Errorf("a speaker vector of %d values, want %d", len(speaker), v.config.SpeakerDim)
	}
	for _, x := range speaker {
		if x-x != 0 {
			return errors.New("a speaker vector with values that are not finite")
		}
	}
	return nil
}

// piece is how many units Decode makes at once unless AtOnce says otherwise: what bounds the memory.
const piece = 128

// AtOnce sets how many units Decode makes at once. The sound is the same but for rounding; memory and the work that
// neighbouring pieces share go by it.
func (v *Vocoder) AtOnce(units int) error {
	if units < 1 || units > maxChunk {
		return fmt.Errorf("decode %d units at once, want 1 to %d", units, maxChunk)
	}
	v.piece = units
	return nil
}

// Decode returns the sound of units in a speaker's voice: Samples for each unit, in [-1, 1]. Beside what is returned the
// memory does not grow with the number of units. No units give no sound.
func (v *Vocoder) Decode(ctx context.Context, units []int32, speaker []float32) ([]float32, error) {
	s, err := v.Stream(speaker, StreamOptions{Chunk: v.piece})
	if err != nil {
		return nil, err
	}
	if err := v.check(units, speaker); err != nil {
		return nil, fmt.Errorf("decode units: %w", err)
	}
	_, behind := v.Context()
	out := make([]float32, 0, len(units)*v.Samples())
	s.n = int64(len(units))
	for upto := int64(0); upto < s.n; {
		upto = min(s.n, upto+int64(v.piece))
		s.embed(units[s.lines[0].to:min(s.n, upto+int64(behind))])
		part, err := s.advanced(ctx, upto)
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	return out, nil
}

// A Padding lengthens what is decoded, as the reference server can: with Unit to the next multiple of Multiple, by a whole
// Multiple where it is one already.
type Padding struct {
	Multiple int
	Unit     int32
}

// Pad returns units with their padding behind them.
func (p Padding) Pad(units []int32) ([]int32, error) {
	if p.Multiple < 1 || p.Multiple > maxUnits {
		return nil, fmt.Errorf("padding to a multiple of %d", p.Multiple)
	}
	out := append(make([]int32, 0, len(units)+p.Multiple), units...)
	for range p.Multiple - len(units)%p.Multiple {
		out = append(out, p.Unit)
	}
	return out, nil
}

// DecodePadded is Decode with padding behind the units whose sound is cut off again.
func (v *Vocoder) DecodePadded(ctx context.Context, units []int32, speaker []float32, p Padding) ([]float32, error) {
	all, err := p.Pad(units)
	if err != nil {
		return nil, fmt.Errorf("decode units: %w", err)
	}
	out, err := v.Decode(ctx, all, speaker)
	if err != nil {
		return nil, err
	}
	return out[:(len(out)*len(units)+len(all)-1)/len(all)], nil
}

// PCM16 returns samples as 16-bit numbers, cut towards zero as the reference does.
func PCM16(samples []float32) []int16 {
	out := make([]int16, len(samples))
	for i, x := range samples {
		out[i] = int16(max(-1, min(1, x)) * math.MaxInt16)
	}
	return out
}

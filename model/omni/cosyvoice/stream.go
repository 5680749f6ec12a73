package cosyvoice

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// defaultOverlap is how many mel frames one call of the vocoder shares with the next in the reference.
const defaultOverlap = 8

// maxOverlap bounds it: two seconds of CosyVoice2.
const maxOverlap = 100

// StreamOptions say how a Stream works; the zero value is right for a live voice.
type StreamOptions struct {
	Hops    []int // units of each call in turn, the last ones again and again; nil: a chunk (the first filled up so that the prompt and it are whole chunks), then twice as many, then four times
	Overlap int   // mel frames that one call of the vocoder shares with the next, whose samples fade into each other; 0: 8
	Whole   bool  // the last frames see the whole utterance, as in the reference; costs as much as making all of it anew
	Room    int64 // bytes that may be remembered, see Begin
}

// A Stream makes samples of units as they come in. Mel frames are those of the whole utterance, chunk-masked; the vocoder
// begins anew at every call, as the reference's does, and fades from the last call's samples over the frames they share:
// it differs from that of the whole utterance, in phase above all.
type Stream struct {
	d       *Decoder
	passage *Passage
	hops    []int
	whole   bool
	overlap int
	mel     []float32 // the last frames of the last call
	source  []float32 // and their source
	held    []float32 // and their samples, which are not given away yet
}

// Stream begins to speak in a voice.
func (d *Decoder) Stream(v *Voice, o StreamOptions) (*Stream, error) {
	if d.hift == nil {
		return nil, errNoHiFT
	}
	p, err := d.Begin(v, o.Room)
	if err != nil {
		return nil, err
	}
	c := d.flow.Config
	if o.Hops == nil {
		hop := c.Encoder.Chunk
		o.Hops = []int{hop + (hop-v.Units()%hop)%hop, 2 * hop, 4 * hop}
	}
	if o.Overlap == 0 {
		o.Overlap = defaultOverlap
	}
	if o.Overlap < 1 || o.Overlap > maxOverlap {
		return nil, fmt.Errorf("stream: an overlap of %d mel frames, want 1 to %d", o.Overlap, maxOverlap)
	}
	least := (o.Overlap + c.Ratio - 1) / c.Ratio
	for _, h := range o.Hops {
		if h < least {
			return nil, fmt.Errorf("stream: a hop of %d units, want at least %d", h, least)
		}
	}
	if len(o.Hops) == 0 {
		return nil, errors.New("stream: no hops")
	}
	return &Stream{d: d, passage: p, hops: o.Hops, whole: o.Whole, overlap: o.Overlap}, nil
}

// Push adds units and returns the samples that can be told by now, often none.
func (s *Stream) Push(ctx context.Context, units []int32) ([]float32, error) {
	if err := s.passage.Push(units); err != nil {
		return nil, err
	}
	var out []float32
	for s.passage.Waiting() >= s.hops[0]+s.d.flow.Config.Lookahead {
		mel, err := s.passage.Next(ctx, s.hops[0])
		if err != nil {
			return out, err
		}
		samples, err := s.vocode(ctx, mel, false)
		if err != nil {
			return out, err
		}
		out = append(out, samples...)
		if len(s.hops) > 1 {
			s.hops = s.hops[1:]
		}
	}
	return out, nil
}

// Flush ends the utterance and returns its last samples.
func (s *Stream) Flush(ctx context.Context) ([]float32, error) {
	mel, err := s.passage.Rest(ctx, s.whole)
	if err != nil || len(mel)+len(s.mel) == 0 {
		return nil, err
	}
	return s.vocode(ctx, mel, true)
}

// Close frees what the stream remembers. It is safe to call it twice.
func (s *Stream) Close() { s.passage.Close() }

// vocode makes the samples of new mel frames. All but the last call hold those of the last frames back.
func (s *Stream) vocode(ctx context.Context, mel []float32, last bool) ([]float32, error) {
	mel = append(append([]float32(nil), s.mel...), mel...)
	samples, source, err := s.d.Vocode(ctx, mel, s.source)
	if err != nil {
		return nil, err
	}
	fade(samples, s.held)
	s.mel, s.source, s.held = nil, nil, nil
	if last {
		return samples, nil
	}
	keep := s.overlap * s.d.hift.Config.Samples()
	s.mel = mel[len(mel)-s.overlap*s.d.hift.Config.Mel:]
	s.source, s.held = source[len(source)-keep:], samples[len(samples)-keep:]
	return samples[:len(samples)-keep], nil
}

// fade fades from old into the first samples of new by the halves of a Hamming window.
func fade(samples, old []float32) {
	n := min(len(old), len(samples))
	window := func(i int) float64 { return 0.54 - 0.46*math.Cos(2*math.Pi*float64(i)/float64(2*n-1)) }
	for i := range n {
		samples[i] = float32(float64(samples[i])*window(i) + float64(old[i])*window(n+i))
	}
}

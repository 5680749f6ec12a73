package omni

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"omnilive/model"
)

// A Measurement is how long a part of the model takes for something.
type Measurement struct {
	Part, What  string
	Median, P95 time.Duration
	Call        time.Duration // how much of a call this is the work of; 0: it comes whenever it is wanted
	Count       int           // ids, embeddings, units or steps in it; 0: it is one thing
	Unit        string        // of Count
}

// RTF is the real-time factor, seconds of computing for a second of a call, or 0.
func (m Measurement) RTF() float64 {
	if m.Call == 0 {
		return 0
	}
	return m.Median.Seconds() / m.Call.Seconds()
}

// Rate is how many of Unit are done in a second, or 0.
func (m Measurement) Rate() float64 {
	if m.Median == 0 {
		return 0
	}
	return float64(m.Count) / m.Median.Seconds()
}

// MeasureOptions say what is measured.
type MeasureOptions struct {
	Runs     int                        // of each part, after one that warms up; 0 is 5
	Quick    bool                       // short inputs only: to see that all parts run
	Draw     bool                       // the image decoder, too
	Words    int                        // ids of a transcript; 0 is 16
	Progress func(done, of int, p Step) // before each part; may be nil
}

// A Step is what is about to be measured.
type Step struct{ Part, What string }

// A probe is a part with something to do.
type probe struct {
	Measurement
	before func(ctx context.Context) error // of each run, not counted; may be nil
	run    func(ctx context.Context) error
	close  func() // may be nil
}

// Measure times every part that the checkpoint has, each by itself: nothing else may use the model meanwhile.
func (m *Model) Measure(ctx context.Context, o MeasureOptions) ([]Measurement, error) {
	if o.Runs == 0 {
		o.Runs = 5
	}
	var probes []probe
	defer func() {
		for _, p := range probes {
			if p.close != nil {
				p.close()
			}
		}
	}()
	for _, f := range []func(context.Context, MeasureOptions) ([]probe, error){
		m.hearingProbes, m.seeingProbes, m.languageProbes, m.voiceProbes, m.drawingProbes,
	} {
		some, err := f(ctx, o)
		probes = append(probes, some...)
		if err != nil {
			return nil, fmt.Errorf("measure: %w", err)
		}
	}
	var all []Measurement
	for i, p := range probes {
		if o.Progress != nil {
			o.Progress(i, len(probes), Step{p.Part, p.What})
		}
		times, err := p.timed(ctx, o.Runs)
		if err != nil {
			return all, fmt.Errorf("measure the %s (%s): %w", p.Part, p.What, err)
		}
		p.Median, p.P95 = Quantile(times, 0.5), Quantile(times, 0.95)
		all = append(all, p.Measurement)
	}
	return all, nil
}

// timed runs the probe once for nothing and then n times.
func (p probe) timed(ctx context.Context, n int) ([]time.Duration, error) {
	times := make([]time.Duration, n+1)
	for i := range times {
		if p.before != nil {
			if err := p.before(ctx); err != nil {
				return nil, err
			}
		}
		from := time.Now()
		if err := p.run(ctx); err != nil {
			return nil, err
		}
		times[i] = time.Since(from)
	}
	return times[1:], nil
}

// Quantile is the smallest of times that at least a share q of them do not exceed; 0 where there are none.
func Quantile(times []time.Duration, q float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(times))
	return s[min(max(int(math.Ceil(q*float64(len(s))))-1, 0), len(s)-1)]
}

// MeasureSound is something to hear: a hum under noise that swells as syllables do, always the same.
func MeasureSound(d time.Duration, rate int) []float32 {
	r := rand.New(rand.NewPCG(1, 1))
	pcm := make([]float32, int(d.Seconds()*float64(rate)))
	for i := range pcm {
		t := float64(i) / float64(rate)
		swell := 0.5 - 0.5*math.Cos(2*math.Pi*4*t)
		pcm[i] = float32(swell * (0.2*math.Sin(2*math.Pi*140*t) + 0.05*r.NormFloat64()))
	}
	return pcm
}

// MeasurePicture is something to see, another thing for every n.
func MeasurePicture(width, height, n int) model.Picture {
	p := model.Picture{Width: width, Height: height, RGB: make([]byte, 3*width*height)}
	r := rand.New(rand.NewPCG(uint64(n), 2))
	red, at := byte(r.Uint32()), r.IntN(width)
	for y := range height {
		for x := range width {
			i := 3 * (y*width + x)
			p.RGB[i], p.RGB[i+1], p.RGB[i+2] = red, byte(x+at), byte(y*n)
		}
	}
	return p
}

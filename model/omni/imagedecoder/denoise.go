package imagedecoder

import (
	"context"
	"fmt"
	"math/rand/v2"

	"omnilive/model"
)

// Options say how a picture is made.
type Options struct {
	Width, Height int     // pixels; both 0: 768×768. See Size for a ratio.
	Steps         int     // 1 to 1000; 0 is 50
	Guidance      float64 // how far away from the weaker transformer's way, 0 to 10: 0 is not at all, the service's default 0.75
	Seed          uint64  // of the noise: the same seed gives the same picture
	Noise         []float32
	Preview       int        // the longest side of the previews in pixels; 0 makes none
	Progress      func(Step) // called after every step, on Decode's goroutine; may be nil
}

// Standard are the options of the reference's service.
func Standard() Options { return Options{Width: 768, Height: 768, Steps: 50, Guidance: 0.75} }

// A Step is a point of the way.
type Step struct {
	Done, Steps int
	Latent      Latent         // where it stands; it changes with the next step
	Preview     *model.Picture // small: what it is going to be, as it looks from here
}

// A Latent is a picture before it is painted, [rows·columns, channels]: rows of positions from the top, the channels of a
// position side by side. Where a position is 2×2 latent pixels, their order is channel, row, column.
type Latent struct {
	Rows, Cols, Channels int
	Values               []float32
}

const (
	maxGuidance  = 10
	standardSide = 768
)

// complete fills in what was left out and checks the rest.
func (o *Options) complete(d *Decoder) error {
	if o.Width == 0 && o.Height == 0 {
		o.Width, o.Height = standardSide, standardSide
	}
	if o.Steps == 0 {
		o.Steps = 50
	}
	if !(o.Guidance >= 0 && o.Guidance <= maxGuidance) {
		return fmt.Errorf("guidance of %v, want 0 to %d", o.Guidance, maxGuidance)
	}
	if o.Preview < 0 || o.Preview > MaxSide {
		return fmt.Errorf("previews of %d pixels, want at most %d", o.Preview, MaxSide)
	}
	if err := d.checkSize(o.Width, o.Height); err != nil {
		return err
	}
	f := int(d.config.VAE.factor())
	if want := o.Width / f * (o.Height / f) * int(d.config.VAE.Latent); o.Noise != nil && len(o.Noise) != want {
		return fmt.Errorf("noise of %d values for a picture of %d×%d, want %d", len(o.Noise), o.Width, o.Height, want)
	}
	return nil
}

// Decode makes a picture of image units (0 to vocab_size−1; those behind token_length are ignored).
func (d *Decoder) Decode(ctx context.Context, units []int32, o Options) (model.Picture, error) {
	l, err := d.Denoise(ctx, units, o)
	if err != nil {
		return model.Picture{}, err
	}
	pixels, err := d.Render(ctx, l)
	if err != nil {
		return model.Picture{}, err
	}
	return pixels.Picture()
}

// Denoise is the first half of Decode: from noise to the latent picture.
func (d *Decoder) Denoise(ctx context.Context, units []int32, o Options) (Latent, error) {
	l, err := d.denoise(ctx, units, o)
	if err != nil {
		return Latent{}, fmt.Errorf("make a picture: %w", err)
	}
	return l, nil
}

func (d *Decoder) denoise(ctx context.Context, units []int32, o Options) (Latent, error) {
	if err := o.complete(d); err != nil {
		return Latent{}, err
	}
	way, err := d.config.Scheduler.Schedule(o.Steps)
	if err != nil {
		return Latent{}, err
	}
	c, err := d.Condition(units, o.Width, o.Height)
	if err != nil {
		return Latent{}, err
	}
	if err := d.ready(); err != nil {
		return Latent{}, err
	}
	w := d.walk(c, o)
	for i := range o.Steps {
		direction, err := w.direction(ctx, way.Inputs[i], o.Guidance)
		if err != nil {
			return Latent{}, err
		}
		step := way.Sigmas[i+1] - way.Sigmas[i]
		for j, v := range direction {
			w.at.Values[j] += step * v
		}
		if o.Progress == nil {
			continue
		}
		s := Step{Done: i + 1, Steps: o.Steps, Latent: w.at}
		if o.Preview > 0 {
			if s.Preview, err = d.preview(ctx, w.ahead(direction, way.Sigmas[i+1]), o.Preview); err != nil {
				return Latent{}, err
			}
		}
		o.Progress(s)
	}
	return w.at, nil
}

// A walk is a picture on its way.
type walk struct {
	d          *Decoder
	at         Latent
	rows       []float32 // [positions, channels + context]: what the transformers read
	main, weak *place
}

func (d *Decoder) walk(c Condition, o Options) *walk {
	n := d.config.Main
	w := &walk{d: d, at: Latent{Rows: c.Rows, Cols: c.Cols, Channels: int(n.Channels)}}
	noise := o.Noise
	if noise == nil {
		noise = Noise(o.Seed, c.Rows*c.Cols*w.at.Channels)
	}
	w.at.Values = pack(noise, c.Rows, c.Cols, int(d.config.VAE.Latent), int(n.patch()))
	width, context := w.at.Channels+int(n.Context), int(n.Context)
	w.rows = make([]float32, c.Rows*c.Cols*width)
	for i := range c.Rows * c.Cols {
		copy(w.rows[i*width+w.at.Channels:], c.Grid[i*context:(i+1)*context])
	}
	positions := Positions(c.Rows, c.Cols)
	at := func(n *Network) *place {
		p := &place{mean: c.Mean}
		p.cos, p.sin = rotary(positions, n.Axes, n.Theta)
		return p
	}
	w.main = at(&n)
	if d.weak != nil && o.Guidance > 0 {
		w.weak = at(&d.weak.c)
	}
	return w
}

// direction asks the transformers where to go.
func (w *walk) direction(ctx context.Context, sigma float32, guidance float64) ([]float32, error) {
	width := len(w.rows) / (w.at.Rows * w.at.Cols)
	for i := range w.at.Rows * w.at.Cols {
		copy(w.rows[i*width:], w.at.Values[i*w.at.Channels:(i+1)*w.at.Channels])
	}
	out, err := w.d.main.run(ctx, w.d.graph, w.rows, w.main, sigma)
	if err != nil || w.weak == nil {
		return out, err
	}
	weak, err := w.d.weak.run(ctx, w.d.graph, w.rows, w.weak, sigma)
	if err != nil {
		return nil, err
	}
	for i, v := range weak {
		out[i] += float32(guidance) * (out[i] - v)
	}
	return out, nil
}

// ahead is where the way would end if it went straight on.
func (w *walk) ahead(direction []float32, sigma float32) Latent {
	l := w.at
	l.Values = make([]float32, len(direction))
	for i, v := range direction {
		l.Values[i] = w.at.Values[i] - sigma*v
	}
	return l
}

// Noise returns n numbers of the normal distribution, the same ones for the same seed: those of math/rand/v2's PCG, which
// are not those that torch draws.
func Noise(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(r.NormFloat64())
	}
	return out
}

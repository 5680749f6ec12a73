package verify

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"omnilive/model/checkpoint"
	"omnilive/model/omni/imagedecoder"
)

// Limits of what the folder stores without a tolerance: the schedule is computed in f32 as the reference does.
const (
	sigmaLimit    = 2e-7
	timestepLimit = 2e-4
	positionLimit = 0
)

// imageDecoder checks decoder/vision: cases from units to bytes, and the autoencoder alone.
func imageDecoder(ctx context.Context, r *Run) error {
	var config struct {
		Cases []struct {
			Width    int     `json:"width"`
			Height   int     `json:"height"`
			Steps    int     `json:"num_inference_steps"`
			Guidance float64 `json:"guidance_scale"`
		} `json:"cases"`
	}
	if err := r.Config(&config); err != nil {
		return err
	}
	d, err := imagedecoder.Open(ctx, filepath.Join(r.Dir, "decoder", "vision"), checkpoint.Options{Backend: r.Backend, Type: r.Type})
	if err != nil {
		return err
	}
	defer d.Close()
	for _, name := range r.Cases() {
		i, err := strconv.Atoi(strings.TrimPrefix(name, "case"))
		if err != nil || i >= len(config.Cases) {
			return fmt.Errorf("config.json does not describe %s", name)
		}
		c := config.Cases[i]
		o := imagedecoder.Options{Width: c.Width, Height: c.Height, Steps: c.Steps, Guidance: c.Guidance, Noise: r.Floats(name + ".noise")}
		if err := imageInputs(r, d, name, o); err != nil {
			return err
		}
		p := imageCase{r: r, d: d, name: name, units: r.Ints(name + ".tokens"), near: r.Near}
		if err := p.run(ctx, o); err != nil {
			return err
		}
	}
	if !r.Has("vae.latent") {
		return r.Err()
	}
	shape := r.Shape("vae.latent")
	if len(shape) != 3 {
		return fmt.Errorf("vae.latent has shape %v", shape)
	}
	pixels, err := d.Paint(ctx, r.Floats("vae.latent"), int(shape[2]), int(shape[1]))
	if err != nil {
		return err
	}
	r.Near("vae.image", asPlanes(pixels))
	return r.Err()
}

// imageInputs checks what the transformers are told.
func imageInputs(r *Run, d *imagedecoder.Decoder, name string, o imagedecoder.Options) error {
	scheduler := d.Config().Scheduler
	way, err := scheduler.Schedule(o.Steps)
	if err != nil {
		return err
	}
	c, err := d.Condition(r.Ints(name+".tokens"), o.Width, o.Height)
	if err != nil {
		return err
	}
	r.NearBy(name+".sigmas", way.Sigmas, sigmaLimit)
	r.NearBy(name+".timesteps", way.Timesteps, timestepLimit)
	r.NearBy(name+".sigma_in", way.Inputs, sigmaLimit)
	r.NearBy(name+".ids", imagedecoder.Positions(c.Rows, c.Cols), positionLimit)
	r.Near(name+".y", c.Mean)
	r.Near(name+".cond", c.Grid)
	return r.Err()
}

// An imageCase is one picture made of stored noise.
type imageCase struct {
	r     *Run
	d     *imagedecoder.Decoder
	name  string
	units []int32
	near  func(name string, got []float32) // compares with a stored tensor
}

// run makes the picture and compares every step of it that is stored.
func (c *imageCase) run(ctx context.Context, o imagedecoder.Options) error {
	stages := map[string][]float32{}
	c.r.Backend.Observe(func(stage string, values []float32) { stages[stage] = append(stages[stage], values...) })
	defer c.r.Backend.Observe(nil)
	var latents []float32
	first := 0 // how many values of a stage belong to the first step
	o.Progress = func(s imagedecoder.Step) {
		latents = append(latents, c.d.Planes(s.Latent)...)
		first = s.Steps
	}
	l, err := c.d.Denoise(ctx, c.units, o)
	if err != nil {
		return err
	}
	for _, stage := range c.r.Names() {
		if at, ok := strings.CutPrefix(stage, c.name+".step0."); ok && first > 0 {
			c.near(stage, stages[at][:len(stages[at])/first])
		}
	}
	for stored, stage := range map[string]string{".pred": "pred", ".pred2": "weak.pred"} {
		if c.r.Has(c.name + stored) {
			c.near(c.name+stored, stages[stage])
		}
	}
	c.near(c.name+".latents", latents)
	pixels, err := c.d.Render(ctx, l)
	if err != nil {
		return err
	}
	picture, err := pixels.Picture()
	if err != nil {
		return err
	}
	c.near(c.name+".image", asPlanes(pixels))
	c.r.Bytewise(c.name+".image_uint8", picture.RGB, 1)
	return c.r.Err()
}

// asPlanes returns pixels as torch keeps them: all red values, all green ones, all blue ones.
func asPlanes(p imagedecoder.Pixels) []float32 {
	area := p.Width * p.Height
	out := make([]float32, len(p.Values))
	for i, v := range p.Values {
		out[i%3*area+i/3] = v
	}
	return out
}

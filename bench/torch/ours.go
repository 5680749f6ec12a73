package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"syscall"
	"time"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/omni/audio"
	"omnilive/model/omni/bigvgan"
	"omnilive/model/omni/compressor"
	"omnilive/model/omni/vision"
)

// A network is one of ours with PyTorch's weights and input.
type network struct {
	weights *checkpoint.Weights
	part    interface{ Close() }
	once    func(context.Context) ([]float32, error)
	want    []float32
}

// declared is a network that waits for its weights; it computes from x, an array of so many columns.
type declared func(p *checkpoint.Plan, b *ggml.Backend, x []float32, columns int) (interface{ Close() }, func(context.Context) ([]float32, error))

var networks = map[string]declared{"vision": declareVision, "audio": declareAudio, "compressor": declareCompressor, "bigvgan": declareVocoder}

func open(b *ggml.Backend, folder, name string, kind ggml.Type) (*network, error) {
	declare, ok := networks[name]
	if !ok {
		return nil, fmt.Errorf("no such network")
	}
	data, err := checkpoint.Open(filepath.Join(folder, name+".case.safetensors"))
	if err != nil {
		return nil, err
	}
	defer data.Close()
	x, err := checkpoint.Floats(data, "x")
	if err != nil {
		return nil, err
	}
	n := &network{}
	if n.want, err = checkpoint.Floats(data, "y"); err != nil {
		return nil, err
	}
	src, err := checkpoint.Open(filepath.Join(folder, name+".weights.safetensors"))
	if err != nil {
		return nil, err
	}
	defer src.Close()
	shape, _ := data.Lookup("x")
	p := checkpoint.NewPlan(src)
	n.part, n.once = declare(p, b, x, int(shape.Shape[len(shape.Shape)-1]))
	if n.weights, err = p.Load(context.Background(), checkpoint.Options{Backend: b, Type: kind}); err != nil {
		n.part.Close()
		return nil, err
	}
	return n, nil
}

func (n *network) close() {
	n.part.Close()
	n.weights.Close()
}

// check runs n and returns its error: root mean square of the difference over that of what PyTorch gave.
func (n *network) check(ctx context.Context) (float64, error) {
	got, err := n.once(ctx)
	if err != nil {
		return 0, err
	}
	if len(got) != len(n.want) {
		return 0, fmt.Errorf("%d values, PyTorch gave %d", len(got), len(n.want))
	}
	off, all := 0.0, 0.0
	for i, w := range n.want {
		off += math.Pow(float64(got[i])-float64(w), 2)
		all += math.Pow(float64(w), 2)
	}
	return math.Sqrt(off / all), nil
}

func (n *network) measure(ctx context.Context) (cost, error) {
	processor, wall := processorTime(), time.Now()
	_, err := n.once(ctx)
	return cost{Wall: ms(time.Since(wall)), Processor: ms(processorTime() - processor)}, err
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// declareVision is the tower with two of its blocks, one in windows and one over the whole of 448 by 448 pixels.
func declareVision(p *checkpoint.Plan, b *ggml.Backend, x []float32, columns int) (interface{ Close() }, func(context.Context) ([]float32, error)) {
	c := vision.Config{Projector: "linear", Hidden: 4096, Tower: vision.Tower{
		Depth: 2, Hidden: 1280, Heads: 16, MLP: 3456, Out: 5120, Patch: 14, Temporal: 2, Merge: 2, Window: 112, Full: []int{1}, Activation: "silu", Channels: 3,
	}}
	e := vision.Declare(p, c, vision.DefaultPreprocessing(), b)
	side := int(math.Sqrt(float64(len(x) / columns)))
	return e, func(ctx context.Context) ([]float32, error) {
		return e.Encode(ctx, x, vision.Grid{T: 1, H: side, W: side})
	}
}

// declareAudio is the encoder with two of its layers on 30 s.
func declareAudio(p *checkpoint.Plan, b *ggml.Backend, x []float32, columns int) (interface{ Close() }, func(context.Context) ([]float32, error)) {
	c := audio.Config{Projector: "mlp", Audio: audio.Shape{
		Width: 1280, Layers: 2, Heads: 20, Inner: 5120, Bands: 128, Positions: 1500, Activation: "gelu",
	}}
	c.Text.Width = 4096
	e := audio.Declare(p, c, b)
	frames := make([]float32, len(x)) // PyTorch has time in the columns
	bands := len(x) / columns
	for i, v := range x {
		frames[i%columns*bands+i/columns] = v
	}
	return e, func(ctx context.Context) ([]float32, error) {
		return e.Understand(ctx, audio.Spectrogram{Frames: frames, Audible: columns})
	}
}

// declareCompressor is the whole compressor on a minute of sound.
func declareCompressor(p *checkpoint.Plan, b *ggml.Backend, x []float32, _ int) (interface{ Close() }, func(context.Context) ([]float32, error)) {
	c := compressor.Declare(p, b)
	return c, func(ctx context.Context) ([]float32, error) { return c.Compress(ctx, x) }
}

// declareVocoder is the whole vocoder on two seconds of units.
func declareVocoder(p *checkpoint.Plan, b *ggml.Backend, x []float32, _ int) (interface{ Close() }, func(context.Context) ([]float32, error)) {
	c, err := bigvgan.Parse([]byte("{}"))
	if err != nil {
		p.Fail(err)
	}
	v := bigvgan.Declare(p, c, b)
	units := make([]int32, len(x))
	for i, u := range x {
		units[i] = int32(u)
	}
	return v, func(ctx context.Context) ([]float32, error) {
		speaker, err := v.Speaker(0)
		if err != nil {
			return nil, err
		}
		return v.Decode(ctx, units, speaker)
	}
}

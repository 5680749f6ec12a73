package cosyvoice

import (
	"context"
	"errors"
	"fmt"

	"omnilive/model/ggml"
)

// maxNodes is what ggml's graphs may have.
const maxNodes = 1 << 16

var (
	errNoFlow = errors.New("cosyvoice: no flow network")
	errNoHiFT = errors.New("cosyvoice: no vocoder")
)

// A Decoder turns units into sound with a flow network and a vocoder.
type Decoder struct {
	backend *ggml.Backend
	graph   *ggml.Graph
	nodes   int
	flow    *Flow
	hift    *HiFT
	noise   *Noise                          // of mel frames
	breath  *Noise                          // of sines
	times   [][]float32                     // see levels
	watched func(stage string, v []float32) // see Watch
}

// Noises are the random numbers that a decoder uses; nil ones are drawn from a fixed seed.
type Noises struct {
	Mel  *Noise // where mel frames start from, see SeededNoise
	Sine *Noise // what is added to the vocoder's sines, see SeededRows
}

// NewDecoder returns a decoder. flow or hift may be nil where only the other is used.
func NewDecoder(b *ggml.Backend, flow *Flow, hift *HiFT, noises Noises) (*Decoder, error) {
	d := &Decoder{backend: b, flow: flow, hift: hift, noise: noises.Mel, breath: noises.Sine}
	var err1, err2 error
	if flow != nil && d.noise == nil {
		d.noise, err1 = SeededNoise(flow.Config.Mel)
	}
	if hift != nil && d.breath == nil {
		d.breath, err2 = SeededRows(hift.Config.Harmonics + 1)
	}
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if flow != nil && d.noise.bands != flow.Config.Mel {
		return nil, errors.New("cosyvoice: the noise has not as many bands as the mel frames")
	}
	if hift != nil && d.breath.bands != hift.Config.Harmonics+1 {
		return nil, errors.New("cosyvoice: the noise has not as many rows as there are sines")
	}
	if flow != nil && hift != nil && flow.Config.Mel != hift.Config.Mel {
		return nil, fmt.Errorf("cosyvoice: the flow makes %d mel bands, the vocoder wants %d", flow.Config.Mel, hift.Config.Mel)
	}
	return d, nil
}

// Close frees what the decoder computes in, not the networks. It is safe to call it twice.
func (d *Decoder) Close() {
	if d.graph != nil {
		d.graph.Close()
	}
	d.graph, d.nodes = nil, 0
}

// Watch has f called with values that pass between the networks' graphs: x, the frames before each step, and sine, the
// harmonics with their noise. The values within graphs go to the backend's Observe.
func (d *Decoder) Watch(f func(stage string, values []float32)) { d.watched = f }

func (d *Decoder) watch(stage string, v []float32) {
	if d.watched != nil {
		d.watched(stage, v)
	}
}

// roomFor makes d.graph an empty graph of at least so many nodes.
func (d *Decoder) roomFor(nodes int) error {
	if nodes > maxNodes {
		return errors.New("cosyvoice: the utterance is too long to be made at once")
	}
	if d.graph == nil || d.nodes < nodes {
		d.Close()
		g, err := ggml.NewGraph(d.backend, nodes)
		if err != nil {
			return fmt.Errorf("cosyvoice: %w", err)
		}
		d.graph, d.nodes = g, nodes
		return nil
	}
	d.graph.Reset()
	return nil
}

// Mel returns the mel frames [frames][bands] of units spoken in a voice, the prompt's left out. With chunked set each
// frame sees its chunk and those before, as in a Stream; else it sees the whole utterance, which sounds best.
func (d *Decoder) Mel(ctx context.Context, v *Voice, units []int32, chunked bool) ([]float32, error) {
	if len(units) == 0 {
		return nil, errors.New("cosyvoice: no units")
	}
	p, err := d.Begin(v, -1)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if err := p.Push(units); err != nil {
		return nil, err
	}
	return p.Rest(ctx, !chunked)
}

package cosyvoice

import (
	"slices"
	"strings"
	"testing"

	"omnilive/model/checkpoint"
)

// The published weights: every tensor is named, none besides (counts: omni-8b.md 6.5).
func TestPublishedNetworks(t *testing.T) {
	values := func(f *fake) (n int64) {
		for _, x := range f.Tensors() {
			n += x.Elements()
		}
		return n
	}
	flow, hift := flowTensors(DefaultFlow()), hiftTensors(DefaultHiFT())
	if n, v := len(flow.names), values(flow); n != 1121 || v != 112549360 {
		t.Errorf("flow: %d tensors of %d values", n, v)
	}
	if n, v := len(hift.names), values(hift); n != 328 || v != 20821295 {
		t.Errorf("vocoder: %d tensors of %d values", n, v)
	}
	p, q := checkpoint.NewPlan(flow), checkpoint.NewPlan(hift)
	NewFlow(p, DefaultFlow())
	NewHiFT(q, DefaultHiFT())
	if p.Err() != nil || q.Err() != nil || p.Named() != 1121 || q.Named() != 328 {
		t.Errorf("%d and %d tensors named, %v %v", p.Named(), q.Named(), p.Err(), q.Err())
	}
}

// Whatever tensor is missing or misshapen is named.
func TestEveryTensorIsWanted(t *testing.T) {
	check := func(list func() *fake, plan func(*checkpoint.Plan)) {
		for _, name := range list().names {
			f := list()
			delete(f.shapes, name)
			p := checkpoint.NewPlan(f)
			plan(p)
			bare := strings.TrimSuffix(strings.TrimSuffix(name, "original1"), "parametrizations.weight.")
			if p.Err() == nil || !strings.Contains(p.Err().Error(), bare) {
				t.Errorf("without %s: %v", name, p.Err())
			}
			f = list()
			f.shapes[name] = append(slices.Clone(f.shapes[name]), 2)
			p = checkpoint.NewPlan(f)
			plan(p)
			if p.Err() == nil {
				t.Errorf("%s with a dimension more is taken", name)
			}
		}
	}
	check(func() *fake { return flowTensors(smallFlow()) }, func(p *checkpoint.Plan) { NewFlow(p, smallFlow()) })
	check(func() *fake { return hiftTensors(smallHiFT()) }, func(p *checkpoint.Plan) { NewHiFT(p, smallHiFT()) })
}

// Weights may come multiplied out, or in the older way of weight normalisation.
func TestWeightForms(t *testing.T) {
	c := smallHiFT()
	for _, form := range [][2]string{{".weight_g", ".weight_v"}, {"", ".weight"}} {
		f := &fake{}
		for _, n := range hiftTensors(c).Tensors() {
			name := strings.Replace(n.Name, ".parametrizations.weight.original1", form[1], 1)
			if name = strings.Replace(name, ".parametrizations.weight.original0", form[0], 1); name != n.Name && form[0] == "" && !strings.HasSuffix(name, form[1]) {
				continue
			}
			f.names = append(f.names, name)
			if f.shapes == nil {
				f.shapes = map[string][]int64{}
			}
			f.shapes[name] = n.Shape
		}
		p := checkpoint.NewPlan(f)
		NewHiFT(p, c)
		if p.Err() != nil || p.Named() != len(f.names) {
			t.Errorf("%v: %d of %d tensors named, %v", form, p.Named(), len(f.names), p.Err())
		}
	}
}

func TestFlowShape(t *testing.T) {
	for name, c := range map[string]FlowConfig{"published": DefaultFlow(), "small": smallFlow()} {
		got, err := FlowShape(flowTensors(c), DefaultFlow())
		if err != nil {
			t.Fatal(err)
		}
		if name == "small" { // what no shape tells
			c.Matching.Steps, c.Encoder.Chunk, c.Estimator.Chunk = 10, 25, 50
			c.Estimator.Head, c.Estimator.Heads = 24, 1
		}
		if !sameFlow(got, c) {
			t.Errorf("%s:\n%+v, want\n%+v", name, got, c)
		}
	}
	if _, err := FlowShape(&fake{}, DefaultFlow()); err == nil {
		t.Error("no tensors: no error")
	}
}

func sameFlow(a, b FlowConfig) bool {
	ac, bc := a.Estimator.Channels, b.Estimator.Channels
	a.Estimator.Channels, b.Estimator.Channels = nil, nil
	return slices.Equal(ac, bc) && a.Input == b.Input && a.Mel == b.Mel && a.Speaker == b.Speaker && a.Vocabulary == b.Vocabulary &&
		a.Ratio == b.Ratio && a.Lookahead == b.Lookahead && a.Encoder == b.Encoder && a.Matching == b.Matching &&
		a.Estimator.In == b.Estimator.In && a.Estimator.Time == b.Estimator.Time && a.Estimator.Head == b.Estimator.Head &&
		a.Estimator.Heads == b.Estimator.Heads && a.Estimator.Blocks == b.Estimator.Blocks && a.Estimator.MidBlocks == b.Estimator.MidBlocks
}

var impossibleFlow = map[string]string{
	"no width":           `{"encoder": {"output_size": 0}}`,
	"negative width":     `{"encoder": {"output_size": -512}}`,
	"huge width":         `{"encoder": {"output_size": 2000000000}}`,
	"uneven heads":       `{"encoder": {"attention_heads": 7}}`,
	"huge layers":        `{"encoder": {"num_blocks": 2000000000}}`,
	"huge vocabulary":    `{"vocab_size": 9000000000000}`,
	"other channels":     `{"estimator": {"channels": [256, 256]}}`,
	"no channels":        `{"estimator": {"channels": []}}`,
	"other mel bands":    `{"output_size": 100}`,
	"other activation":   `{"estimator": {"act_fn": "snakebeta"}}`,
	"chunks apart":       `{"estimator": {"static_chunk_size": 25}}`,
	"endless steps":      `{"cfm": {"n_timesteps": 100000}}`,
	"no steps":           `{"cfm": {"n_timesteps": 0}}`,
	"other times":        `{"cfm": {"t_scheduler": "sigmoid"}}`,
	"negative guidance":  `{"cfm": {"inference_cfg_rate": -1}}`,
	"text for a number":  `{"vocab_size": "many"}`,
	"no object":          `[]`,
	"cut":                `{"vocab_size": 6561`,
	"negative lookahead": `{"pre_lookahead_len": -3}`,
}

var impossibleHiFT = map[string]string{
	"rates without kernels":  `{"upsample_rates": [8, 5]}`,
	"kernel below rate":      `{"upsample_kernel_sizes": [4, 11, 7]}`,
	"kernel by an odd more":  `{"upsample_kernel_sizes": [17, 11, 7]}`,
	"huge rate":              `{"upsample_rates": [8, 5, 3000000]}`,
	"no rates":               `{"upsample_rates": [], "upsample_kernel_sizes": []}`,
	"even block kernel":      `{"resblock_kernel_sizes": [3, 7, 10]}`,
	"huge dilation":          `{"resblock_dilation_sizes": [[1], [1], [1000000]]}`,
	"no dilation":            `{"resblock_dilation_sizes": [[1], [1], []]}`,
	"channels run out":       `{"base_channels": 4}`,
	"odd transform":          `{"istft_params": {"n_fft": 15, "hop_len": 4}}`,
	"hop beyond transform":   `{"istft_params": {"n_fft": 16, "hop_len": 400}}`,
	"huge transform":         `{"istft_params": {"n_fft": 1000000, "hop_len": 4}}`,
	"no sampling rate":       `{"sampling_rate": 0}`,
	"negative harmonics":     `{"nb_harmonics": -2}`,
	"no limit":               `{"audio_limit": -1}`,
	"source kernels missing": `{"source_resblock_kernel_sizes": [7]}`,
}

func TestImpossibleConfigs(t *testing.T) {
	for name, text := range impossibleFlow {
		c, err := ParseFlow([]byte(text))
		if err == nil {
			t.Errorf("flow, %s: no error", name)
		}
		p := checkpoint.NewPlan(&fake{})
		if NewFlow(p, c); p.Err() == nil {
			t.Errorf("flow, %s: planned", name)
		}
	}
	for name, text := range impossibleHiFT {
		c, err := ParseHiFT([]byte(text))
		if err == nil {
			t.Errorf("vocoder, %s: no error", name)
		}
		p := checkpoint.NewPlan(&fake{})
		if NewHiFT(p, c); p.Err() == nil {
			t.Errorf("vocoder, %s: planned", name)
		}
	}
}

// Whatever a config says, planning a network by it ends, in mistakes or not.
func FuzzConfigs(f *testing.F) {
	f.Add("{}")
	for _, text := range impossibleFlow {
		f.Add(text)
	}
	for _, text := range impossibleHiFT {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := ParseFlow([]byte(text)); err == nil {
			NewFlow(checkpoint.NewPlan(&fake{}), c)
			c.Matching.Times()
		}
		if c, err := ParseHiFT([]byte(text)); err == nil {
			NewHiFT(checkpoint.NewPlan(&fake{}), c)
			c.reach()
		}
	})
}

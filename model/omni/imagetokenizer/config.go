package imagetokenizer

import (
	"fmt"
	"strings"

	"omnilive/model/checkpoint"
)

// Config is the discrete_vision_config of a checkpoint. The published one names only the kind: what is zero or absent comes
// from the shapes of the tensors, or is what the 8B has (a side of 384, 16 heads, the layer before the last).
type Config struct {
	InputSize    int     `json:"input_size"`             // side of the picture, in pixels
	PoolScale    int     `json:"pool_scale"`             // side of the square of tokens that are averaged
	SelectLayer  int     `json:"select_layer_id"`        // which hidden state is read; negative from the end
	Dim          int     `json:"bottleneck_dim"`         // width of the codebook
	CodebookSize int     `json:"codebook_size"`          // rows of the codebook
	Normalized   *bool   `json:"l2_normalized"`          // only true is known
	Temperature  float64 `json:"stochastic_temperature"` // of the draw
	Encoder      Encoder `json:"encoder"`
}

// Encoder is the SigLIP tower's part of a Config.
type Encoder struct {
	Hidden     int     `json:"hidden_size"`
	MLP        int     `json:"intermediate_size"`
	Layers     int     `json:"num_hidden_layers"`
	Heads      int     `json:"num_attention_heads"`
	ImageSize  int     `json:"image_size"`
	PatchSize  int     `json:"patch_size"`
	Channels   int     `json:"num_channels"`
	Activation string  `json:"hidden_act"`
	Eps        float64 `json:"layer_norm_eps"`
}

const (
	usualSide        = 384
	usualHeads       = 16
	usualSelected    = -2
	usualTemperature = 0.03
	usualEps         = 1e-6
	colours          = 3
	maxLayers        = 512
)

// sizes are the dimensions that a network of this kind has.
type sizes struct {
	hidden, mlp, layers, heads int
	side, patch, grid          int // pixels, pixels, patches a side
	dim, codes                 int
	run                        int // layers whose output is read
	pool                       int
	eps                        float32
	temperature                float64
}

// sizes brings c and the shapes of p's tensors together.
func (c Config) sizes(p *checkpoint.Plan) (sizes, error) {
	e := c.Encoder
	s := sizes{
		hidden: either(e.Hidden, p, "encoder.embeddings.patch_embedding.weight", 0),
		mlp:    either(e.MLP, p, layerName(0)+"mlp.fc1.weight", 0),
		patch:  either(e.PatchSize, p, "encoder.embeddings.patch_embedding.weight", 3),
		dim:    either(c.Dim, p, "bottleneck.in_linear.weight", 0),
		codes:  either(c.CodebookSize, p, "bottleneck.regularizer.embedding.weight", 0),
		layers: e.Layers, heads: usual(e.Heads, usualHeads),
		side: usual(c.InputSize, usual(e.ImageSize, usualSide)), pool: usual(c.PoolScale, 1),
		eps: float32(usual(e.Eps, usualEps)), temperature: usual(c.Temperature, usualTemperature),
	}
	if s.layers == 0 {
		s.layers = count(p, layerName)
	}
	if s.run = usual(c.SelectLayer, usualSelected); s.run < 0 {
		s.run += s.layers + 1
	}
	if err := s.check(); err != nil {
		return s, fmt.Errorf("discrete_vision_config: %w", err)
	}
	s.grid = s.side / s.patch
	switch {
	case s.pool > s.grid:
		return s, fmt.Errorf("discrete_vision_config: pool_scale is %d with %d patches a side", s.pool, s.grid)
	case usual(e.Channels, colours) != colours:
		return s, fmt.Errorf("discrete_vision_config: num_channels is %d, only %d are known", e.Channels, colours)
	case e.Activation != "" && e.Activation != "gelu_pytorch_tanh":
		return s, fmt.Errorf("discrete_vision_config: hidden_act is %q, only gelu_pytorch_tanh is known", e.Activation)
	case c.Normalized != nil && !*c.Normalized:
		return s, fmt.Errorf("discrete_vision_config: l2_normalized is false, only true is known")
	}
	return s, nil
}

// check holds every dimension to limits that a graph and a machine can bear.
func (s sizes) check() error {
	var wrong []string
	limit := func(name string, v, most int) {
		if v < 1 || v > most {
			wrong = append(wrong, fmt.Sprintf("%s is %d, want 1 to %d", name, v, most))
		}
	}
	limit("hidden_size", s.hidden, 1<<14)
	limit("intermediate_size", s.mlp, 1<<16)
	limit("num_hidden_layers", s.layers, maxLayers)
	limit("select_layer_id counted from the start", s.run, s.layers)
	limit("num_attention_heads", s.heads, 1<<10)
	limit("input_size", s.side, 1<<12)
	limit("patch_size", s.patch, max(s.side, 1))
	limit("bottleneck_dim", s.dim, 1<<14)
	limit("codebook_size", s.codes, 1<<22)
	limit("pool_scale", s.pool, 1<<12)
	if s.patch > 0 && s.side/s.patch > 256 {
		wrong = append(wrong, fmt.Sprintf("%d patches a side, want at most 256", s.side/s.patch))
	}
	if s.heads > 0 && s.hidden%s.heads != 0 {
		wrong = append(wrong, fmt.Sprintf("hidden_size %d is no multiple of %d heads", s.hidden, s.heads))
	}
	if !(s.eps > 0 && s.eps < 1) {
		wrong = append(wrong, fmt.Sprintf("layer_norm_eps is %v", s.eps))
	}
	if !(s.temperature > 0 && s.temperature < 1e6) {
		wrong = append(wrong, fmt.Sprintf("stochastic_temperature is %v", s.temperature))
	}
	if wrong != nil {
		return fmt.Errorf("%s", strings.Join(wrong, "; "))
	}
	return nil
}

// usual returns v, or where the config is silent what is usual.
func usual[T int | float64](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// either returns v, or where the config is silent dimension i of the tensor called name.
func either(v int, p *checkpoint.Plan, name string, i int) int {
	if v != 0 {
		return v
	}
	if _, ok := p.Find(name); !ok {
		p.Unused(name) // so that the plan says what is missing
	}
	return dimension(p, name, i)
}

// dimension returns dimension i of a tensor, 1 where there is none.
func dimension(p *checkpoint.Plan, name string, i int) int {
	if t, ok := p.Find(name); ok && i < len(t.Shape) && t.Shape[i] > 0 && t.Shape[i] < 1<<30 {
		return int(t.Shape[i])
	}
	return 1
}

// count returns how many layers a tower has: up to the last one of which anything is there.
func count(p *checkpoint.Plan, name func(int) string) (layers int) {
	for i := range maxLayers {
		for _, of := range []string{"layer_norm1.weight", "self_attn.q_proj.weight", "mlp.fc1.weight"} {
			if _, ok := p.Find(name(i) + of); ok {
				layers = i + 1
			}
		}
	}
	return layers
}

func layerName(i int) string { return fmt.Sprintf("encoder.encoder.layers.%d.", i) }

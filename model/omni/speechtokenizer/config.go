package speechtokenizer

import (
	"fmt"
	"strings"

	"omnilive/model/checkpoint"
)

// Config is the discrete_audio_config of a checkpoint. The published one names only the kind: what is zero or absent comes
// from the shapes of the tensors, or is what every tokenizer of this kind has (64 to a head, 2048 positions).
type Config struct {
	Mels      int     `json:"n_mels"`
	Hidden    int     `json:"n_audio_state"`
	Heads     int     `json:"n_audio_head"`
	Layers    int     `json:"n_audio_layer"`
	Units     int     `json:"n_codebook_size"`
	Head      int     `json:"rope_dim"`       // width of a head, all of which is turned
	Positions int     `json:"rope_positions"` // that are turned at most: units of one piece
	Memory    int     `json:"fsmn_kernel"`
	AttnEps   float64 `json:"attn_ln_eps"`
	MLPEps    float64 `json:"mlp_ln_eps"`
}

const (
	usualHead      = 64
	usualPositions = 2048
	usualAttnEps   = 1e-6
	usualMLPEps    = 1e-5
	maxLayers      = 512
	levels         = 3
	maxDigits      = 16
)

// sizes are the dimensions that a network of this kind has.
type sizes struct {
	mels, hidden, heads, head, layers, mlp int
	memory, positions, digits, units       int
	attnEps, mlpEps                        float32
	piece                                  int // samples that are encoded at once
}

// sizes brings c and the shapes of p's tensors together.
func (c Config) sizes(p *checkpoint.Plan) (sizes, error) {
	s := sizes{
		mels:   either(c.Mels, p, "encoder.conv1.weight", 1),
		hidden: either(c.Hidden, p, "encoder.conv1.weight", 0),
		mlp:    either(0, p, blockName(0)+"mlp.0.weight", 0),
		memory: either(c.Memory, p, blockName(0)+"attn.fsmn_block.weight", 2),
		digits: either(0, p, projectDown+".weight", 0),
		head:   usual(c.Head, usualHead), positions: usual(c.Positions, usualPositions), layers: c.Layers,
		attnEps: float32(usual(c.AttnEps, usualAttnEps)), mlpEps: float32(usual(c.MLPEps, usualMLPEps)),
	}
	if s.layers == 0 {
		s.layers = count(p)
	}
	if s.heads = c.Heads; s.heads == 0 && s.head > 0 {
		s.heads = s.hidden / s.head
	}
	if err := s.check(); err != nil {
		return s, fmt.Errorf("discrete_audio_config: %w", err)
	}
	s.units = 1
	for range s.digits {
		s.units *= levels
	}
	if c.Units != 0 && c.Units != s.units {
		return s, fmt.Errorf("discrete_audio_config: n_codebook_size is %d, %d digits make %d", c.Units, s.digits, s.units)
	}
	s.piece = min(pieceSamples, s.positions*unitSamples-minTail)
	return s, nil
}

// check holds every dimension to limits that a graph and a machine can bear.
func (s sizes) check() error {
	var wrong []string
	limit := func(name string, v, least, most int) {
		if v < least || v > most {
			wrong = append(wrong, fmt.Sprintf("%s is %d, want %d to %d", name, v, least, most))
		}
	}
	limit("n_mels", s.mels, 1, 128)
	limit("n_audio_state", s.hidden, 1, 1<<14)
	limit("n_audio_layer", s.layers, 1, maxLayers)
	limit("rope_dim", s.head, 2, 1<<10)
	limit("rope_positions", s.positions, 8, 1<<15)
	limit("fsmn_kernel", s.memory, 1, 1<<10)
	limit("outputs of mlp.0", s.mlp, 1, 1<<16)
	limit("outputs of project_down", s.digits, 1, maxDigits)
	if s.head%2 != 0 || s.heads < 1 || s.heads > s.hidden || s.heads*s.head != s.hidden {
		wrong = append(wrong, fmt.Sprintf("%d heads of %d do not make n_audio_state %d", s.heads, s.head, s.hidden))
	}
	for _, eps := range []float32{s.attnEps, s.mlpEps} {
		if !(eps > 0 && eps < 1) {
			wrong = append(wrong, fmt.Sprintf("attn_ln_eps or mlp_ln_eps is %v", eps))
		}
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

// either returns v, or where the config is silent dimension i of the tensor called name: 1 where there is none.
func either(v int, p *checkpoint.Plan, name string, i int) int {
	if v != 0 {
		return v
	}
	t, ok := p.Find(name)
	if !ok {
		p.Unused(name) // so that the plan says what is missing
	}
	if i < len(t.Shape) && t.Shape[i] > 0 && t.Shape[i] < 1<<30 {
		return int(t.Shape[i])
	}
	return 1
}

// count returns how many blocks there are: up to the last one of which anything is there.
func count(p *checkpoint.Plan) (blocks int) {
	for i := range maxLayers {
		for _, of := range []string{"attn_ln.weight", "attn.query.weight", "mlp.0.weight"} {
			if _, ok := p.Find(blockName(i) + of); ok {
				blocks = i + 1
			}
		}
	}
	return blocks
}

func blockName(i int) string { return fmt.Sprintf("encoder.blocks.%d.", i) }

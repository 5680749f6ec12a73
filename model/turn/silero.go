package turn

import (
	"fmt"
	"math"

	"omnilive/model"
	"omnilive/model/onnx"
)

// Sizes of Silero VAD v6 at 16 kHz.
const (
	sileroContext = 64  // samples of the previous hop that go in front of a hop
	sileroState   = 128 // width of the recurrent state
	sileroRate    = 16000
)

// A SpeechNetwork holds the weights of Silero VAD (snakers4/silero-vad v6.2, 16 kHz, opset 15), shared by all calls.
type SpeechNetwork struct {
	session *onnx.Session
}

// OpenSpeech loads Silero VAD from the ONNX file at path. onnx.Open must have succeeded before.
func OpenSpeech(path string) (*SpeechNetwork, error) {
	s, err := onnx.NewSession(path, onnx.Options{
		Inputs:  []string{"input", "state", "sr"},
		Outputs: []string{"output", "stateN"},
	})
	if err != nil {
		return nil, fmt.Errorf("speech detector: %w", err)
	}
	return &SpeechNetwork{session: s}, nil
}

// Close frees the weights and every detector's buffers.
func (n *SpeechNetwork) Close() { n.session.Close() }

// A Silero is one call's speech detector. A hop allocates nothing.
type Silero struct {
	binding *onnx.Binding
	input   []float32 // [1, 64+512]: the end of the previous hop, then the hop
	state   []float32 // [2, 1, 128], read
	next    []float32 // [2, 1, 128], written
	output  []float32 // [1, 1]
}

var _ model.SpeechDetector = (*Silero)(nil)

// NewDetector returns a detector that has heard nothing yet.
func (n *SpeechNetwork) NewDetector() (*Silero, error) {
	d := &Silero{
		input:  make([]float32, sileroContext+model.Hop),
		state:  make([]float32, 2*sileroState),
		next:   make([]float32, 2*sileroState),
		output: make([]float32, 1),
	}
	b, err := n.session.Bind([]onnx.Tensor{
		onnx.Of(d.input, 1, len(d.input)), onnx.Of(d.state, 2, 1, sileroState), onnx.Scalar[int64](sileroRate),
	}, []onnx.Tensor{
		onnx.Of(d.output, 1, 1), onnx.Of(d.next, 2, 1, sileroState),
	})
	if err != nil {
		return nil, fmt.Errorf("speech detector: %w", err)
	}
	d.binding = b
	return d, nil
}

// Probability is that of speech in the next 512 samples at 16 kHz. Sound that is not a number is refused and leaves no trace:
// the network would swallow it without a word and answer nonsense from then on.
func (d *Silero) Probability(hop []float32) (float32, error) {
	if len(hop) != model.Hop {
		return 0, fmt.Errorf("speech detector: a hop is %d samples, got %d", model.Hop, len(hop))
	}
	var sum float32
	for _, v := range hop {
		sum += v * v
	}
	if !(sum <= math.MaxFloat32) {
		return 0, fmt.Errorf("speech detector: the sound holds values that are not numbers")
	}
	copy(d.input[sileroContext:], hop)
	if err := d.binding.Run(); err != nil {
		return 0, fmt.Errorf("speech detector: %w", err)
	}
	copy(d.state, d.next)
	copy(d.input[:sileroContext], hop[model.Hop-sileroContext:])
	return d.output[0], nil
}

// Reset forgets all that came before.
func (d *Silero) Reset() {
	clear(d.input)
	clear(d.state)
}

// Close frees the detector's buffers; its network stays.
func (d *Silero) Close() { d.binding.Close() }

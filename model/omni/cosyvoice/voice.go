package cosyvoice

import (
	"errors"
	"fmt"
	"math"
)

// A Voice is how units are to sound: a speaker vector, and what the voice is heard to say, as units and mel frames.
// Where the vector comes from (the reference computes it with CAM++) is not this package's concern.
type Voice struct {
	units   []int32
	mel     []float32 // [frames][bands]
	speaker []float32 // of length 1
}

// NewVoice returns the voice of a speaker vector and a prompt, which may be empty: units and the mel frames [frames][bands]
// of the same recording. Where one of them lasts longer it is cut, as the reference's front end does.
func (c FlowConfig) NewVoice(speaker []float32, units []int32, mel []float32) (*Voice, error) {
	if len(speaker) != c.Speaker {
		return nil, fmt.Errorf("voice: a speaker vector of %d elements, want %d", len(speaker), c.Speaker)
	}
	if err := c.checkUnits(units); err != nil {
		return nil, fmt.Errorf("voice: %w", err)
	}
	if len(mel)%c.Mel != 0 {
		return nil, fmt.Errorf("voice: %d mel values do not divide into frames of %d bands", len(mel), c.Mel)
	}
	if !finite(speaker) || !finite(mel) {
		return nil, errors.New("voice: a value is not finite")
	}
	n := min(len(units), len(mel)/c.Mel/c.Ratio)
	v := &Voice{units: append([]int32(nil), units[:n]...), mel: append([]float32(nil), mel[:n*c.Ratio*c.Mel]...)}
	length := 0.0
	for _, x := range speaker {
		length += float64(x) * float64(x)
	}
	length = max(math.Sqrt(length), 1e-12)
	for _, x := range speaker {
		v.speaker = append(v.speaker, float32(float64(x)/length))
	}
	return v, nil
}

// Units returns how many units the prompt has.
func (v *Voice) Units() int { return len(v.units) }

func (c FlowConfig) checkUnits(units []int32) error {
	for i, u := range units {
		if u < 0 || int(u) >= c.Vocabulary {
			return fmt.Errorf("unit %d is %d, want 0 to %d", i, u, c.Vocabulary-1)
		}
	}
	return nil
}

func finite(v []float32) bool {
	for _, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return false
		}
	}
	return true
}

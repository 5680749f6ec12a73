package turn

import (
	"context"
	"fmt"
	"sync"

	"omnilive/model"
	"omnilive/model/onnx"
)

// A SmartTurn tells a finished turn from a pause by its sound (pipecat-ai/smart-turn v3.2: a Whisper-tiny encoder with
// attention pooling over the last 8 s). It is quantised: inaudible differences move its answer by up to 0.1.
type SmartTurn struct {
	session *onnx.Session
	mel     *logMel
	scratch sync.Pool // of *melScratch
}

var _ model.TurnDetector = (*SmartTurn)(nil)

// OpenSmartTurn loads the network from the ONNX file at path, to run on the given number of threads (0 means 1).
// onnx.Open must have succeeded before.
func OpenSmartTurn(path string, threads int) (*SmartTurn, error) {
	s, err := onnx.NewSession(path, onnx.Options{Threads: threads, Inputs: []string{"input_features"}})
	if err != nil {
		return nil, fmt.Errorf("turn detector: %w", err)
	}
	if n := len(s.Outputs()); n != 1 {
		s.Close()
		return nil, fmt.Errorf("turn detector: %s has %d outputs, 1 wanted", path, n)
	}
	t := &SmartTurn{session: s, mel: newLogMel()}
	t.scratch.New = func() any { return &melScratch{out: make([]float32, mels*frames)} }
	return t, nil
}

// Probability is that of the turn having ended, given its sound at 16 kHz with a short silence (about 200 ms) after the
// last word. Only the last 8 s are read; a shorter turn has silence put before it. No sound at all is no turn: 0.
// ctx is looked at before the work, which takes tens of milliseconds and is not cut short.
func (t *SmartTurn) Probability(ctx context.Context, turn []float32) (float32, error) {
	if len(turn) == 0 {
		return 0, nil
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s := t.scratch.Get().(*melScratch)
	defer t.scratch.Put(s)
	if !t.mel.compute(s, turn) {
		return 0, fmt.Errorf("turn detector: the sound holds values that are not numbers")
	}
	out, err := t.session.Run(onnx.Of(s.out, 1, mels, frames))
	if err != nil {
		return 0, fmt.Errorf("turn detector: %w", err)
	}
	p, err := onnx.Values[float32](out[0])
	switch {
	case err != nil:
		return 0, fmt.Errorf("turn detector: %w", err)
	case len(p) != 1:
		return 0, fmt.Errorf("turn detector: the network gave %d values for one turn", len(p))
	case !(p[0] >= 0 && p[0] <= 1):
		return 0, fmt.Errorf("turn detector: the network gave %v, not a probability", p[0])
	}
	return p[0], nil
}

// Close frees the network.
func (t *SmartTurn) Close() { t.session.Close() }

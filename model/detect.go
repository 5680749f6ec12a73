package model

import "context"

// Hop is how many samples at InputRate a SpeechDetector takes at once (32 ms).
const Hop = 512

// A SpeechDetector tells speech from everything else, hop by hop. It carries state and belongs to one call.
type SpeechDetector interface {
	// Probability is that of speech in the next Hop samples.
	Probability(hop []float32) (float32, error)
	// Reset forgets all that came before.
	Reset()
	// Close frees the detector.
	Close()
}

// A TurnDetector tells a finished turn from a pause. It carries no state and serves many calls.
type TurnDetector interface {
	// Probability is that of the turn having ended, given the sound of the turn up to now
	// (mono at InputRate, ending a short silence after the last word); only the last 8 s are read.
	Probability(ctx context.Context, turn []float32) (float32, error)
}

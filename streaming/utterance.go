package streaming

import (
	"context"
	"time"

	"omnilive/model"
)

// Bounds of what the user says in one turn.
const (
	maxUtterance = 60 * model.InputRate // then the turn ends by itself
	preRoll      = 2 * model.InputRate  // kept while nobody speaks; prefix padding is taken from it
	captionEvery = 400 * model.InputRate / 1000
)

// An utterance is what the user says in one turn, from its prefix padding to its end.
type utterance struct {
	gen     int
	itemID  string
	pcm     []float32
	start   int64 // session sample of pcm[0]
	manual  bool  // ended by the client
	told    bool  // SpeechStarted has gone out
	caption caption
	final   *model.Transcript  // of all up to the pause
	sound   float64            // smart-turn's probability; -1: not known
	words   float64            // judged from final; -1: not known
	took    time.Duration      // of the final recognition
	shown   int64              // sample up to which a caption was asked for
	cancel  context.CancelFunc // of the tasks under way
}

// A heard is the outcome of one recognition.
type heard struct {
	gen   int
	epoch int // of the pause, for a final
	final bool
	text  model.Transcript
	took  time.Duration
	err   error
}

// A verdict is smart-turn's outcome.
type verdict struct {
	gen, epoch int
	prob       float64
}

// score is the joint opinion on whether the turn has ended; negative while the words are not known.
func (u *utterance) score() float64 {
	if u.words < 0 {
		return -1
	}
	if u.sound < 0 {
		return u.words * 0.9
	}
	return combine(u.sound, u.words)
}

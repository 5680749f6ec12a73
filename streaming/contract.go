package streaming

import (
	"context"
	"log/slog"
	"time"

	"omnilive/media"
	"omnilive/model"
)

// Config is what every Session of a server shares.
type Config struct {
	Model     model.Model
	NewSpeech func() (model.SpeechDetector, error) // one per call
	Turns     model.TurnDetector                   // shared; nil: words and silence alone decide
	Complete  func(text, language string) float64  // probability that these words end a sentence; nil: 0.5 always
	Log       *slog.Logger                         // nil means slog.Default()
	Settings  Settings                             // what a call starts with; the zero value means DefaultSettings
	Observe   func(Event)                          // metrics; called for every event of every session, must not block; may be nil
	Looks     Looks                                // how often the camera is looked at
	Dropped   func(what string)                    // metrics: a look or a second of the soundtrack was dropped; must not block; may be nil
	Underrun  func(lasted time.Duration)           // metrics: sound of an answer came so much too late; must not block; may be nil
}

// Looks bound how many camera pictures are shown to the model while nobody speaks of them. What a question needs is shown beside that.
type Looks struct {
	PerMinute int // 0 means 20; negative: none
	Burst     int // that may come at once after a quiet time; 0 means 6
}

// Ports are the ends of one call that a Session works on.
type Ports struct {
	Mic    media.AudioReader
	Out    media.AudioWriter
	Camera media.PictureReader // nil: no camera
	Emit   func(Event)         // must not block and must keep order
}

// Runner is what a peer needs of a Session.
type Runner interface {
	Run(ctx context.Context) error
	Do(ctx context.Context, c Command) error
}

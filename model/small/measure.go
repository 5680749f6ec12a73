package small

import (
	"context"
	"errors"
	"strings"
	"time"

	"omnilive/model"
)

// A Measurement is one figure of one part.
type Measurement struct {
	Part, What string
	Value      float64
	Unit       string // ms, x real time, x, tokens/s
}

// measureText is about four seconds of speech.
const measureText = "The quick brown fox jumps over the lazy dog near the river bank in spring."

// Measure times every part on its own, each the median of runs.
func (m *Model) Measure(ctx context.Context, runs int) ([]Measurement, error) {
	var all []Measurement
	for _, f := range []func(context.Context, int) ([]Measurement, error){m.measureVoice, m.measureHearing, m.measureVision, m.measureLanguage} {
		some, err := f(ctx, runs)
		if err != nil {
			return all, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// median times f.
func median(runs int, f func() error) (time.Duration, error) {
	times := make([]time.Duration, 0, runs)
	for range runs {
		from := time.Now()
		if err := f(); err != nil {
			return 0, err
		}
		times = append(times, time.Since(from))
	}
	return middle(times), nil
}

func middle(times []time.Duration) time.Duration {
	for i := range times {
		for j := i; j > 0 && times[j] < times[j-1]; j-- {
			times[j], times[j-1] = times[j-1], times[j]
		}
	}
	return times[len(times)/2]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (m *Model) measureVoice(ctx context.Context, runs int) ([]Measurement, error) {
	var p model.Piece
	speak := func(text string) func() error {
		return func() error {
			p = model.Piece{Text: text}
			return m.speak(ctx, &p, model.ReplyOptions{})
		}
	}
	short, err := median(runs, speak("It is Paris."))
	if err != nil {
		return nil, err
	}
	long, err := median(runs, speak(measureText))
	if err != nil {
		return nil, err
	}
	sound := float64(len(p.PCM)) / model.OutputRate
	return []Measurement{
		{"synthesizer", "a short clause", milliseconds(short), "ms"},
		{"synthesizer", "speed", sound / long.Seconds(), "x real time"},
	}, nil
}

// question is something to hear, mono at InputRate.
func (m *Model) question(ctx context.Context) ([]float32, error) {
	p := model.Piece{Text: "What is the capital of France?"}
	if err := m.speak(ctx, &p, model.ReplyOptions{}); err != nil {
		return nil, err
	}
	pcm := make([]float32, 0, len(p.PCM))
	for i := 0; i+2 < len(p.PCM); i += 3 { // 24 to 16 kHz; good enough to be understood
		pcm = append(pcm, p.PCM[i], (p.PCM[i+1]+p.PCM[i+2])/2)
	}
	return append(pcm, make([]float32, model.InputRate/5)...), nil
}

func (m *Model) measureHearing(ctx context.Context, runs int) ([]Measurement, error) {
	pcm, err := m.question(ctx)
	if err != nil {
		return nil, err
	}
	hear := func(draft bool) (time.Duration, error) {
		c, err := m.NewConversation(ctx, model.Options{})
		if err != nil {
			return 0, err
		}
		defer c.Close()
		return median(runs, func() error {
			if !draft {
				c.(*Conversation).heard.draft = ""
			}
			_, err := c.Hear(ctx, pcm, model.HearOptions{Final: true})
			return err
		})
	}
	alone, err := hear(false)
	if err != nil {
		return nil, err
	}
	drafted, err := hear(true)
	if err != nil {
		return nil, err
	}
	return []Measurement{
		{"recognizer", "a question of 2 s", milliseconds(alone), "ms"},
		{"recognizer", "the same, its words guessed before", milliseconds(drafted), "ms"},
	}, nil
}

func (m *Model) measureVision(ctx context.Context, runs int) ([]Measurement, error) {
	if m.describer == nil {
		return nil, nil
	}
	p := model.Picture{Width: 448, Height: 448, RGB: make([]byte, 3*448*448)}
	for i := range p.RGB {
		p.RGB[i] = byte(i * 7919 >> 6)
	}
	d, err := median(runs, func() error {
		_, err := m.describer.Describe(ctx, p)
		return err
	})
	return []Measurement{{"vision encoder", "a camera picture", milliseconds(d), "ms"}}, err
}

func (m *Model) measureLanguage(ctx context.Context, runs int) ([]Measurement, error) {
	seq, err := m.engine.NewSequence()
	if err != nil {
		return nil, err
	}
	defer seq.Close()
	prompt, err := m.dialect.Content(strings.Repeat(measureText+" ", 8))
	if err != nil {
		return nil, err
	}
	prefill, err := median(runs, func() error {
		return errors.Join(seq.Truncate(0), seq.Append(ctx, prompt))
	})
	if err != nil {
		return nil, err
	}
	seq.Close()
	decode, err := m.measureTogether(ctx, runs, prompt)
	turn, err2 := m.measureTurn(ctx, runs)
	all := append([]Measurement{{"language model", "prompt", float64(len(prompt)) / prefill.Seconds(), "tokens/s"}}, decode...)
	return append(all, Measurement{"whole model", "a typed question to its first sound", milliseconds(turn), "ms"}), errors.Join(err, err2)
}

func (m *Model) measureTurn(ctx context.Context, runs int) (time.Duration, error) {
	c, err := m.NewConversation(ctx, model.Options{})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	from := c.Len()
	return median(runs, func() error {
		for p, err := range c.Reply(ctx, &model.Input{Text: "What is the capital of France?"}, model.ReplyOptions{}) {
			if err != nil {
				return err
			}
			if len(p.PCM) > 0 {
				break
			}
		}
		return c.Truncate(from)
	})
}

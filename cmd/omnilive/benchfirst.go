package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"omnilive/cmd/omnilive/measure"
	"omnilive/model"
	"omnilive/model/omni"
)

// A firstRow is the wait for the first sound in a conversation.
type firstRow struct {
	What    string  `json:"what"`
	Heard   float64 `json:"heard_ms"`     // the question is encoded or recognised
	Prefill float64 `json:"prefilled_ms"` // and in the window
	Median  float64 `json:"first_sound_ms"`
	P95     float64 `json:"first_sound_p95_ms"`
	RTF     float64 `json:"rtf"` // of the rest of the answer
}

// measureFirst has one conversation answer the question again and again, with the camera off and then on.
func (f *benchFlags) measureFirst(ctx context.Context, m model.Model, q measure.Question, r *benchReport) (err error) {
	bar := newSteps()
	defer bar.close()
	if o, ok := m.(*omniModel); ok {
		if r.Ways, err = f.measureWays(ctx, o, bar.tell); err != nil {
			return err
		}
	}
	asked := fmt.Sprintf("a question of %.1f s", float64(len(q.Speech))/model.InputRate)
	row, err := f.firstRow(ctx, m, q, asked, bar.tell)
	if err != nil {
		return err
	}
	r.First = append(r.First, row)
	if !m.Abilities().Sees || f.load.camera == 0 {
		return nil
	}
	q.Context, q.Camera = f.load.camera, f.film()
	row, err = f.firstRow(ctx, m, q, fmt.Sprintf("%s, %v of camera before it", asked, q.Context), bar.tell)
	r.First = append(r.First, row)
	return err
}

func (f *benchFlags) firstRow(ctx context.Context, m model.Model, q measure.Question, what string, tell func(string, int, int)) (firstRow, error) {
	turns, err := measure.FirstSound(ctx, m, q, f.runs, func(done, of int) { tell("first sound: "+what, done, of) })
	of := func(share float64, g func(measure.Turn) time.Duration) float64 {
		return milli(measure.Quantile(measure.Of(turns, g), share))
	}
	sound := func(t measure.Turn) time.Duration { return t.FirstSound }
	return firstRow{
		What: what, Median: of(0.5, sound), P95: of(0.95, sound),
		Heard:   of(0.5, func(t measure.Turn) time.Duration { return t.Heard }),
		Prefill: of(0.5, func(t measure.Turn) time.Duration { return t.Prefilled }),
		RTF:     measure.Quantile(measure.Of(turns, measure.Turn.RTF), 0.5),
	}, err
}

// film is a camera whose picture changes every second.
func (f *benchFlags) film() func(n int) model.Picture {
	side := 512
	if f.quick {
		side = 64
	}
	return func(n int) model.Picture { return omni.MeasurePicture(side, side, n) }
}

func (r *benchReport) printFirst(w io.Writer) {
	if len(r.Ways) > 0 {
		x := r.Ways[0]
		fmt.Fprintf(w, "\nfrom the end of a question of %.0f s to the first sound, network by network (transcripts of %d ids; all of it after the end), ms\n", x.Question, x.Words)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "camera before\tpositions before\tencode\tprefill\ttranscripts\tfirst units\tvocoder\ttotal\tp95")
		for _, x := range r.Ways {
			fmt.Fprintf(t, "%.0f s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\n",
				x.Camera, x.Held, x.Encode, x.Prefill, x.Transcripts, x.Units, x.Vocoder, x.Total, x.P95)
		}
		t.Flush()
	}
	fmt.Fprintln(w, "\nfrom the end of a question to the first sound in a conversation, which hears and sees while it is asked, ms")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\theard\tprefilled\tfirst sound\tp95\tRTF of the rest")
	for _, x := range r.First {
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.3f\n", x.What, x.Heard, x.Prefill, x.Median, x.P95, x.RTF)
	}
	t.Flush()
}

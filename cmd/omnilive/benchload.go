package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"omnilive/cmd/omnilive/measure"
	"omnilive/cmd/omnilive/plot"
	"omnilive/model"
)

// loadFlags are the flags of bench about conversations at once, and about the camera.
type loadFlags struct {
	svg    string
	limit  time.Duration
	turns  int
	camera time.Duration
	watch  bool
}

func (l *loadFlags) add(fs *flag.FlagSet) {
	fs.StringVar(&l.svg, "svg", "", "draw the latency against the calls at once into this `file`")
	fs.DurationVar(&l.limit, "limit", 2*time.Second, "the wait for the first sound that 19 of 20 answers must keep to; 0: any")
	fs.IntVar(&l.turns, "turns", 3, "questions in each of the conversations at once")
	fs.DurationVar(&l.camera, "camera", 30*time.Second, "how much camera there is before the questions with the camera on; 0: no such questions")
	fs.BoolVar(&l.watch, "load-camera", false, "the conversations at once have the camera on")
}

func (l *loadFlags) check() error {
	switch {
	case l.limit < 0 || l.limit > time.Hour:
		return fmt.Errorf("bench: --limit %v: want 0 to 1h", l.limit)
	case l.turns < 1 || l.turns > 1000:
		return fmt.Errorf("bench: --turns %d: want 1 to 1000", l.turns)
	case l.camera < 0 || l.camera > time.Hour:
		return fmt.Errorf("bench: --camera %v: want 0 to 1h", l.camera)
	}
	return nil
}

// most is how many conversations are tried at most: --max-calls.
func (l *loadFlags) most(calls int) int { return cmp.Or(calls, 16) }

// A loadReport is how conversations at once went.
type loadReport struct {
	Most  int       `json:"calls"` // the most that held
	Limit float64   `json:"limit_ms"`
	Turns int       `json:"turns"`
	Tried []loadRow `json:"tried"`
}

// A loadRow is so many conversations at once.
type loadRow struct {
	Calls  int     `json:"calls"`
	Median float64 `json:"first_sound_ms"`
	P95    float64 `json:"first_sound_p95_ms"`
	RTF    float64 `json:"rtf"` // of answers
	RTF95  float64 `json:"rtf_p95"`
	Late   float64 `json:"late_ms"` // that players waited in the middle of answers, of all calls
	Holds  bool    `json:"holds"`
	Why    string  `json:"why,omitempty"`
}

// measureLoad has one, two, four and more conversations at once, in real time.
func (f *benchFlags) measureLoad(ctx context.Context, m model.Model, q measure.Question) (*loadReport, error) {
	bar := newSteps()
	defer bar.close()
	o := measure.CallsOptions{Most: f.load.most(f.model.calls), Turns: f.load.turns, Pause: time.Second, Limit: f.load.limit}
	if f.quick {
		o.Most, o.Turns, o.Pause = min(o.Most, 2), 1, 100*time.Millisecond
	}
	o.Progress = func(calls int) { bar.tell(fmt.Sprintf("conversations at once: %d", calls), calls, o.Most) }
	if f.load.watch {
		q.Camera = f.film()
	}
	loads, most, err := measure.Calls(ctx, m, q, o)
	if err != nil {
		return nil, err
	}
	r := &loadReport{Most: most, Limit: milli(o.Limit), Turns: o.Turns}
	for _, l := range loads {
		r.Tried = append(r.Tried, loadRow{
			l.Calls, milli(l.FirstSound(0.5)), milli(l.FirstSound(0.95)), l.RTF(0.5), l.RTF(0.95), milli(l.Late()), l.Holds, l.Why,
		})
	}
	return r, nil
}

func (r *loadReport) print(w io.Writer) {
	fmt.Fprintf(w, "\nconversations at once, in real time, %d questions each: %d hold\n", r.Turns, r.Most)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "calls\tfirst sound p50 ms\tp95 ms\tRTF of answers p50\tp95\tstuttered ms\t")
	for _, l := range r.Tried {
		verdict := "holds"
		if !l.Holds {
			verdict = "does not hold: " + l.Why
		}
		fmt.Fprintf(t, "%d\t%.0f\t%.0f\t%.2f\t%.2f\t%.0f\t%s\n", l.Calls, l.Median, l.P95, l.RTF, l.RTF95, l.Late, verdict)
	}
	t.Flush()
}

// draw draws the latency against the calls at once, where that is wanted.
func (l *loadFlags) draw(r *benchReport) (err error) {
	if l.svg == "" {
		return nil
	}
	c := r.Load.chart(r.Machine + ", model " + r.Model + r.Kept)
	if len(c.Lines[0].Points) == 0 {
		return errors.New("nothing to draw: there was no room for a single conversation")
	}
	file, err := os.Create(l.svg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return c.Write(file)
}

// chart draws what was tried.
func (r *loadReport) chart(note string) *plot.Chart {
	half, most := plot.Line{Name: "p50"}, plot.Line{Name: "p95"}
	for _, l := range r.Tried {
		if l.P95 == 0 { // the model had no room
			continue
		}
		half.Points = append(half.Points, plot.Point{X: float64(l.Calls), Y: l.Median})
		most.Points = append(most.Points, plot.Point{X: float64(l.Calls), Y: l.P95})
	}
	c := &plot.Chart{
		Title: "End of a question to the first sound, by calls at once", Note: note, X: "calls at once", Y: "ms", Lines: []plot.Line{half, most},
	}
	if r.Limit > 0 {
		c.Limit = plot.Mark{Name: fmt.Sprintf("limit %.0f ms", r.Limit), Value: r.Limit}
	}
	if r.Most > 0 {
		c.At = plot.Mark{Name: fmt.Sprintf("%d hold", r.Most), Value: float64(r.Most)}
	}
	return c
}

package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"omnilive/model"
	"omnilive/model/omni"
	"omnilive/model/small"
)

// A networkRow is one network with something to do.
type networkRow struct {
	Part   string  `json:"part"`
	What   string  `json:"what"`
	Median float64 `json:"median_ms"`
	P95    float64 `json:"p95_ms"`
	RTF    float64 `json:"rtf,omitempty"`
	Rate   float64 `json:"rate,omitempty"`
	Unit   string  `json:"unit,omitempty"` // of Rate, a second
}

// A weightRow is what a part takes.
type weightRow struct {
	Part    string  `json:"part"`
	Numbers int64   `json:"weights"`
	MB      float64 `json:"mb"`
	Type    string  `json:"type"`
	Device  string  `json:"device"`
}

// A wayRow is where the time goes between a question and the first sound.
type wayRow struct {
	Question    float64 `json:"question_s"`
	Camera      float64 `json:"camera_s"`
	Held        int     `json:"positions_before"`
	Words       int     `json:"transcript_ids"`
	Encode      float64 `json:"encode_ms"`
	Prefill     float64 `json:"prefill_ms"`
	Transcripts float64 `json:"transcripts_ms"`
	Units       float64 `json:"units_ms"`
	Vocoder     float64 `json:"vocoder_ms"`
	Total       float64 `json:"total_ms"`
	P95         float64 `json:"p95_ms"`
}

// milli is a time in milliseconds with its fractions.
func milli(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// measureParts times the parts of either model.
func (f *benchFlags) measureParts(ctx context.Context, m model.Model, r *benchReport) (err error) {
	bar := newSteps()
	defer bar.close()
	switch m := m.(type) {
	case *small.Model:
		bar.tell("measuring every part", 0, 1)
		r.Parts, err = m.Measure(ctx, f.runs)
		return err
	case *omniModel:
		for _, w := range m.networks.Weigh() {
			r.Weights = append(r.Weights, weightRow{w.Part, w.Numbers, float64(w.Bytes) / 1e6, w.Type.String(), w.Device})
		}
		o := omni.MeasureOptions{Runs: f.runs, Quick: f.quick, Draw: f.draw, Words: f.words, Progress: func(done, of int, s omni.Step) {
			bar.tell(s.Part+": "+s.What, done, of)
		}}
		all, err := m.networks.Measure(ctx, o)
		for _, x := range all {
			row := networkRow{Part: x.Part, What: x.What, Median: milli(x.Median), P95: milli(x.P95), RTF: x.RTF()}
			if x.Count > 0 {
				row.Rate, row.Unit = x.Rate(), x.Unit
			}
			r.Networks = append(r.Networks, row)
		}
		return err
	}
	return nil
}

// measureWays times the networks of a turn one behind another.
func (f *benchFlags) measureWays(ctx context.Context, m *omniModel, tell func(string, int, int)) (rows []wayRow, err error) {
	question := 5 * time.Second
	cameras := []time.Duration{0, f.load.camera}
	if f.quick {
		question = time.Second
	}
	for _, camera := range cameras {
		w, err := m.networks.MeasureTurn(ctx, question, camera, omni.MeasureOptions{
			Runs: f.runs, Quick: f.quick, Words: f.words, Progress: func(done, of int, s omni.Step) { tell(s.Part+": "+s.What, done, of) },
		})
		if err != nil {
			return rows, err
		}
		rows = append(rows, wayRow{
			w.Question.Seconds(), w.Camera.Seconds(), w.Held, w.Words, milli(w.Encode), milli(w.Prefill), milli(w.Transcripts), milli(w.Units),
			milli(w.Vocoder), milli(w.Total), milli(w.P95),
		})
		if camera == f.load.camera {
			break
		}
	}
	return rows, nil
}

func (r *benchReport) printParts(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range r.Parts {
		fmt.Fprintf(t, "%s\t%s\t%.1f %s\n", p.Part, p.What, p.Value, p.Unit)
	}
	t.Flush()
	if len(r.Networks) == 0 {
		return
	}
	r.printWeights(w)
	fmt.Fprintf(w, "\nevery part alone\n")
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "part\t\tmedian ms\tp95 ms\tRTF\ta second")
	for _, n := range r.Networks {
		rtf, rate := "", ""
		if n.RTF > 0 {
			rtf = fmt.Sprintf("%.4f", n.RTF)
		}
		if n.Unit != "" {
			rate = fmt.Sprintf("%.0f %s", n.Rate, n.Unit)
			if n.Rate < 10 {
				rate = fmt.Sprintf("%.2f %s", n.Rate, n.Unit)
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%.2f\t%.2f\t%s\t%s\n", n.Part, n.What, n.Median, n.P95, rtf, rate)
	}
	t.Flush()
}

func (r *benchReport) printWeights(w io.Writer) {
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "part\tweights\tMB in memory\tkept in\tdevice")
	total, all := int64(0), 0.0
	for _, x := range r.Weights {
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%s\t%s\n", x.Part, x.Numbers, x.MB, x.Type, x.Device)
		total, all = total+x.Numbers, all+x.MB
	}
	fmt.Fprintf(t, "all\t%d\t%.1f\t\t\n", total, all)
	t.Flush()
}

package verify

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"omnilive/model/checkpoint"
	"omnilive/model/omni/imagedecoder"
)

// The pictures of the whole checkpoint, painted of its stored units and noise.
func TestPicturesOfWholeCheckpoint(t *testing.T) {
	dir := filepath.Join("testdata", "omni-whole")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("OMNILIVE_SHARED") == "" {
			t.Skip("neither testdata/omni-whole nor OMNILIVE_SHARED is here")
		}
		dir = filepath.Join(os.Getenv("OMNILIVE_SHARED"), "golden", "omni-whole")
	}
	b := backend(t)
	r, err := open(dir, "omni-whole", Options{Backend: b, Report: func(r Row) {
		if !r.Passed {
			t.Errorf("%s: off by %.3g, limit %.3g %s", r.What, r.Absolute, r.Limit, r.Note)
		} else {
			t.Logf("%s: %.3g of %.3g %s", r.What, r.Absolute, r.Limit, r.Note)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	var list struct {
		Limits map[string]any `json:"tolerance"`
		Cases  map[string]struct {
			Image struct {
				Ratio    string  `json:"ratio"`
				Size     []int   `json:"default_height_width"`
				Height   int     `json:"height"`
				Width    int     `json:"width"`
				Steps    int     `json:"num_inference_steps"`
				Guidance float64 `json:"guidance_scale"`
			} `json:"image"`
		} `json:"cases"`
	}
	if err := r.JSON("cases.json", &list); err != nil {
		t.Fatal(err)
	}
	d, err := imagedecoder.Open(context.Background(), filepath.Join(dir, "decoder", "vision"), checkpoint.Options{Backend: b})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	painted := 0
	for name, c := range list.Cases {
		if !r.Has(name + ".vision_tokens") {
			continue
		}
		p := imageCase{r: r, d: d, name: name, units: r.Ints(name + ".vision_tokens"), near: func(stored string, got []float32) {
			limit, _ := list.Limits[stored[strings.LastIndex(stored, ".")+1:]].(float64)
			r.NearBy(stored, got, limit)
		}}
		o := imagedecoder.Options{Width: c.Image.Width, Height: c.Image.Height, Steps: c.Image.Steps, Guidance: c.Image.Guidance, Noise: r.Floats(name + ".noise")}
		if err := p.run(context.Background(), o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		w, h, err := imagedecoder.ParseRatio(c.Image.Ratio)
		if err != nil {
			t.Fatal(err)
		}
		if width, height, err := imagedecoder.Size(w, h); err != nil || !slices.Equal(c.Image.Size, []int{height, width}) {
			t.Errorf("%s: %s gives %d×%d (%v), want %v", name, c.Image.Ratio, height, width, err, c.Image.Size)
		}
		painted++
	}
	if painted == 0 || r.Err() != nil {
		t.Errorf("%d pictures, %v", painted, r.Err())
	}
}

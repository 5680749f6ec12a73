package verify

import (
	"context"
	"fmt"
	"strings"

	"omnilive/model/checkpoint"
	"omnilive/model/omni/vision"
)

// visionTolerance is the part of cases.json that says how far values may be off.
type visionTolerance struct {
	Tolerance struct{ Output, Projected, Intermediate float64 } `json:"tolerance"`
}

// visionModel checks vision_model: stages, order of windows, output and projection, and the form without some MLPs.
func visionModel(ctx context.Context, r *Run) error {
	var config vision.Config
	if err := r.Config(&config); err != nil {
		return err
	}
	var limits visionTolerance
	if err := r.JSON("cases.json", &limits); err != nil {
		return err
	}
	e, w, err := visionEncoder(ctx, r, config)
	if err != nil {
		return err
	}
	defer w.Close()
	defer e.Close()
	for _, name := range r.Cases() {
		if err := visionCase(ctx, r, e, config, name, limits); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return visionSkipped(ctx, r, config, limits)
}

// visionEncoder loads the encoder of the folder.
func visionEncoder(ctx context.Context, r *Run, c vision.Config) (*vision.Encoder, *checkpoint.Weights, error) {
	src, err := r.Source()
	if err != nil {
		return nil, nil, err
	}
	p := checkpoint.NewPlan(src)
	e := vision.Declare(p.At("model."), c, c.Preprocessing(), r.Backend)
	w, err := p.Load(ctx, checkpoint.Options{Backend: r.Backend, Type: r.Type})
	return e, w, err
}

// visionCase runs one input.
func visionCase(ctx context.Context, r *Run, e *vision.Encoder, c vision.Config, name string, limits visionTolerance) error {
	g, err := storedGrid(r, name+".grid_thw")
	if err != nil {
		return err
	}
	cells, ends := c.Windows(g)
	r.Equal(name+".window_index", cells)
	r.Equal(name+".cu_window_seqlens", ends)
	stages, rows, err := visionRun(ctx, r, e, name, g)
	if err != nil {
		return err
	}
	for _, stored := range r.Names() {
		stage, of := strings.CutPrefix(stored, name+".")
		values, there := stages[stage]
		if !of || !there {
			continue
		}
		if stage == "patch_embed" { // stored in reading order
			values = readingOrder(values, cells)
		}
		r.NearBy(stored, values, limits.Tolerance.Intermediate)
	}
	r.NearBy(name+".output", readingOrder(stages["merger"], cells), limits.Tolerance.Output)
	if r.Has(name + ".projected") {
		r.NearBy(name+".projected", rows, limits.Tolerance.Projected)
	}
	return r.Err()
}

// visionRun encodes the stored patches of a case and returns the stages in window order, all temporal grids together.
func visionRun(ctx context.Context, r *Run, e *vision.Encoder, name string, g vision.Grid) (map[string][]float32, []float32, error) {
	patches := r.Floats(name + ".pixel_values")
	if r.Err() != nil {
		return nil, nil, r.Err()
	}
	stages := map[string][]float32{}
	last := ""
	r.Backend.Observe(func(stage string, values []float32) {
		stages[stage] = append(stages[stage], values...)
		if strings.HasPrefix(stage, "block.") {
			last = stage
		}
	})
	defer r.Backend.Observe(nil)
	rows, err := e.Encode(ctx, patches, g)
	stages["block.last"] = stages[last]
	return stages, rows, err
}

// visionSkipped checks the cases that are stored for blocks of full attention without their MLP too.
func visionSkipped(ctx context.Context, r *Run, c vision.Config, limits visionTolerance) error {
	var names []string
	for _, name := range r.Cases() {
		if r.Has(name + ".output_skip_mlp") {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return r.Err()
	}
	c.SkipMLPBlocks = c.Tower.Full
	e, w, err := visionEncoder(ctx, r, c)
	if err != nil {
		return err
	}
	defer w.Close()
	defer e.Close()
	for _, name := range names {
		g, err := storedGrid(r, name+".grid_thw")
		if err != nil {
			return err
		}
		stages, _, err := visionRun(ctx, r, e, name, g)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		cells, _ := c.Windows(g)
		r.NearBy(name+".output_skip_mlp", readingOrder(stages["merger"], cells), limits.Tolerance.Output)
	}
	return r.Err()
}

func storedGrid(r *Run, name string) (vision.Grid, error) {
	g := r.Ints(name)
	if r.Err() != nil {
		return vision.Grid{}, r.Err()
	}
	if len(g) != 3 || g[0] < 1 || g[1] < 1 || g[2] < 1 || g[0] > 1<<12 || g[1] > 1<<12 || g[2] > 1<<12 {
		return vision.Grid{}, fmt.Errorf("stored tensor %q is no grid: %v", name, g)
	}
	return vision.Grid{T: int(g[0]), H: int(g[1]), W: int(g[2])}, nil
}

// readingOrder undoes the order of windows: cells says where each of as many equal parts belongs.
func readingOrder(values []float32, cells []int32) []float32 {
	width := len(values) / max(len(cells), 1)
	out := make([]float32, len(values))
	for i, c := range cells {
		copy(out[int(c)*width:], values[i*width:(i+1)*width])
	}
	return out
}

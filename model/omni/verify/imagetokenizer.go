package verify

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"omnilive/model"
	"omnilive/model/checkpoint"
	"omnilive/model/omni/imagetokenizer"
	"omnilive/model/picture"
)

// imageEdge is how near two rows of the image codebook must lie for one to be taken for the other.
const imageEdge = 2e-6

// imageTokenizer checks discrete_vision_model: every stage of every case, the codebook, and the units.
func imageTokenizer(ctx context.Context, r *Run) error {
	var config imagetokenizer.Config
	if err := r.Config(&config); err != nil {
		return err
	}
	src, err := r.Source()
	if err != nil {
		return err
	}
	p := checkpoint.NewPlan(src)
	t := imagetokenizer.Declare(p.At("model.discrete_vision_model."), config, r.Backend)
	defer t.Close()
	w, err := p.Load(ctx, checkpoint.Options{Backend: r.Backend, Type: r.Type})
	if err != nil {
		return err
	}
	defer w.Close()
	if r.Has("codebook_unit") {
		rows, err := t.Codebook(ctx)
		if err != nil {
			return err
		}
		r.Near("codebook_unit", rows)
	}
	for _, name := range r.Cases() {
		if err := tokenizedCase(ctx, r, t, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return r.Err()
}

var pooled = regexp.MustCompile(`^(case[0-9]+)_pool([0-9]+)\.codes$`)

// tokenizedCase checks one picture, and the same one with its tokens averaged.
func tokenizedCase(ctx context.Context, r *Run, t *imagetokenizer.Tokenizer, name string) error {
	p := storedPicture(r, name+".image")
	if r.Has(name + ".source_image") {
		resized, err := picture.Pillow(storedPicture(r, name+".source_image"), p.Width, p.Height)
		if err != nil {
			return err
		}
		r.Bytewise(name+".image", resized.RGB, 0)
		if err := imageUnits(ctx, r, t, name, storedPicture(r, name+".source_image"), 0); err != nil {
			return err
		}
	}
	if err := imageUnits(ctx, r, t, name, p, 0); err != nil {
		return err
	}
	for _, other := range r.Names() {
		m := pooled.FindStringSubmatch(other)
		if m == nil || m[1] != name {
			continue
		}
		pool, err := strconv.Atoi(m[2])
		if err != nil {
			return err
		}
		if err := imageUnits(ctx, r, t, strings.TrimSuffix(other, ".codes"), p, pool); err != nil {
			return err
		}
	}
	return r.Err()
}

// storedPicture is a picture out of the cases.
func storedPicture(r *Run, name string) model.Picture {
	shape := r.Shape(name)
	if len(shape) != 3 || shape[2] != 3 {
		r.Fail(fmt.Errorf("stored picture %q has shape %v", name, shape))
		return model.Picture{}
	}
	return model.Picture{Width: int(shape[1]), Height: int(shape[0]), RGB: r.Bytes(name)}
}

// imageUnits runs one picture and compares what is stored under name.
func imageUnits(ctx context.Context, r *Run, t *imagetokenizer.Tokenizer, name string, p model.Picture, pool int) error {
	if r.Err() != nil {
		return r.Err()
	}
	stages := map[string][]float32{}
	r.Backend.Observe(func(stage string, values []float32) { stages[stage] = values })
	defer r.Backend.Observe(nil)
	const best = 5
	u, err := t.EncodeBy(ctx, p, imagetokenizer.Options{Pool: pool, Best: best})
	if err != nil {
		return err
	}
	discreteStages(r, name+".", stages)
	if r.Has(name + ".codes") {
		r.EqualBut(name+".codes", u.Index, r.Floats(name+".margin"), imageEdge)
	}
	if !r.Has(name + ".top4_index") {
		return r.Err()
	}
	kept := len(u.Best) / len(u.Index) // fewer where the codebook is that small
	index, cosine, gap := topUnits(u, kept, min(4, kept))
	r.Near(name+".top4_cos", cosine)
	r.EqualBut(name+".top4_index", index, gap, imageEdge)
	return r.Err()
}

// topUnits returns the first n of the kept most alike rows of each unit, and how far each is from changing places.
func topUnits(u imagetokenizer.Units, kept, n int) (index []int32, cosine, gap []float32) {
	for i := range u.Index {
		row := u.Cosine[i*kept : (i+1)*kept]
		for j, v := range row[:n] {
			near := float32(2)
			if j > 0 {
				near = row[j-1] - v
			}
			if j+1 < kept {
				near = min(near, v-row[j+1])
			}
			index, cosine, gap = append(index, u.Best[i*kept+j]), append(cosine, v), append(gap, near)
		}
	}
	return index, cosine, gap
}

var beginning = regexp.MustCompile(`^(.*)_first[0-9]+$`)

// discreteStages compares all stages that are stored under prefix; "layer0_first81" is the beginning of stage "layer0".
func discreteStages(r *Run, prefix string, stages map[string][]float32) {
	for _, name := range r.Names() {
		stage, of := strings.CutPrefix(name, prefix)
		if !of {
			continue
		}
		part := false
		if m := beginning.FindStringSubmatch(stage); m != nil {
			stage, part = m[1], true
		}
		values, there := stages[stage]
		if !there {
			continue
		}
		if part {
			values = values[:min(len(values), int(volume(r.Shape(name))))]
		}
		r.Near(name, values)
	}
}

func volume(shape []int64) int64 {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	return n
}

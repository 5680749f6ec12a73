package verify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"omnilive/model"
	"omnilive/model/omni/vision"
	"omnilive/model/picture"
)

// frameShare is how many of the bytes of resized video frames may be off by one level, and frameError how far the values
// made of those may be off then.
const (
	frameShare = 0.001
	frameError = 0.015
)

// preprocessingCases is cases.json of that folder.
type preprocessingCases struct {
	Cases map[string]preprocessingCase `json:"cases"`
	Still []struct {
		Height, Width int
		Image         []int32
		Frame         []int32 `json:"video_reader"`
	} `json:"smart_resize_images"`
	Video []struct {
		Height, Width int
		Resized       []int32
		Port          []int32 `json:"processor_port_602112"`
	} `json:"smart_resize_videos"`
	Sampling []struct {
		Total    int
		FPS      float64
		N        *int
		Rate     float64 `json:"sample_fps"`
		Duration float64
		Index    []int32
		Head     []int32 `json:"index_head"`
		Tail     []int32 `json:"index_tail"`
		Sum      int32   `json:"index_sum"`
	} `json:"frame_sampling"`
	Tolerance struct {
		Values float64 `json:"pixel_values"`
	} `json:"tolerance"`
}

type preprocessingCase struct {
	File      string // a still picture, else a video
	Total     int    `json:"total_frames"`
	FPS       float64
	MinPixels int     `json:"min_pixels"`
	MaxPixels int     `json:"max_pixels"`
	Rate      float64 `json:"sample_fps"`
	Duration  float64 `json:"video_duration"`
	Tokens    int
}

// preprocessing checks decoding, resizing and cutting of pictures and frames, and the tables of sizes and samples.
func preprocessing(_ context.Context, r *Run) error {
	var config vision.Preprocessing
	if err := r.Config(&config); err != nil {
		return err
	}
	var c preprocessingCases
	if err := r.JSON("cases.json", &c); err != nil {
		return err
	}
	names := make([]string, 0, len(c.Cases))
	for name := range c.Cases {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		k := c.Cases[name]
		config.MinPixels, config.MaxPixels = &k.MinPixels, &k.MaxPixels
		check := stillCase
		if k.File == "" {
			check = videoCase
		}
		if err := check(r, name, k, config, c.Tolerance.Values); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	sizeTables(r, c, config)
	samplingTable(r, c)
	return r.Err()
}

func stillCase(r *Run, name string, k preprocessingCase, config vision.Preprocessing, limit float64) error {
	file, err := os.ReadFile(filepath.Join(r.Dir, filepath.Base(k.File)))
	if err != nil {
		return err
	}
	n, err := vision.NewPatcher(config)
	if err != nil {
		return err
	}
	p, err := picture.Decode(file)
	if err != nil {
		return err
	}
	if p, err = n.Fit(p); err != nil {
		return err
	}
	r.Bytewise(name+".resized", p.RGB, 0)
	frames := slices.Repeat([]model.Picture{p}, max(config.Temporal, 1))
	return patches(r, name, k, n, frames, limit)
}

func videoCase(r *Run, name string, k preprocessingCase, config vision.Preprocessing, limit float64) error {
	s, err := vision.SampleFrames(k.Total, k.FPS)
	if err != nil {
		return err
	}
	r.Equal(name+".frame_index", integers(s.Index))
	r.Values(name+".sample_fps and video_duration", []float32{float32(s.FPS), float32(s.Duration)}, []float32{float32(k.Rate), float32(k.Duration)}, 0)
	frames, err := storedFrames(r, name+".frames", s.Index)
	if err != nil {
		return err
	}
	height, width, err := config.Limits().Frame(frames[0].Height, frames[0].Width)
	if err != nil {
		return err
	}
	var planes []byte
	for i, f := range frames {
		if frames[i], err = picture.Torch(f, width, height); err != nil {
			return err
		}
		for c := range 3 {
			for j := c; j < len(frames[i].RGB); j += 3 {
				planes = append(planes, frames[i].RGB[j])
			}
		}
	}
	n, err := vision.NewPatcher(config)
	if err != nil {
		return err
	}
	r.Bytewise(name+".resized", planes, 1)
	if off := differing(planes, r.Bytes(name+".resized")); off > 0 {
		r.Values(name+".resized, share of bytes off", []float32{float32(off) / float32(len(planes))}, []float32{0}, frameShare)
		limit = frameError
	}
	return patches(r, name, k, n, frames, limit)
}

// patches compares the patches of frames that have their size.
func patches(r *Run, name string, k preprocessingCase, n *vision.Patcher, frames []model.Picture, limit float64) error {
	values, g, err := n.Patches(frames)
	if err != nil {
		return err
	}
	r.Equal(name+".grid_thw", []int32{int32(g.T), int32(g.H), int32(g.W)})
	r.Integers(name+" tokens", []int32{int32(n.Tokens(g))}, []int32{int32(k.Tokens)})
	r.NearBy(name+".pixel_values", values, limit)
	return r.Err()
}

// storedFrames returns some frames of a stored video.
func storedFrames(r *Run, name string, index []int) ([]model.Picture, error) {
	all, shape := r.Bytes(name), r.Shape(name)
	if r.Err() != nil {
		return nil, r.Err()
	}
	if len(shape) != 4 || shape[3] != 3 {
		return nil, fmt.Errorf("stored frames %q have shape %v", name, shape)
	}
	size := int(shape[1] * shape[2] * 3)
	var frames []model.Picture
	for _, i := range index {
		if int64(i) >= shape[0] {
			return nil, fmt.Errorf("stored frames %q: frame %d of %d", name, i, shape[0])
		}
		frames = append(frames, model.Picture{Width: int(shape[2]), Height: int(shape[1]), RGB: all[i*size : (i+1)*size]})
	}
	return frames, nil
}

func differing(a, b []byte) (n int) {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// sizeTables compares sizes; what the reference refuses is stored as null and becomes no numbers here.
func sizeTables(r *Run, c preprocessingCases, config vision.Preprocessing) {
	size := func(f func(h, w int) (int, int, error), height, width int) []int32 {
		h, w, err := f(height, width)
		if err != nil {
			return nil
		}
		return []int32{int32(h), int32(w)}
	}
	config.MinPixels, config.MaxPixels = nil, nil
	usual := vision.DefaultPreprocessing()
	usual.Patch, usual.Merge = config.Patch, config.Merge
	still := usual.Limits()
	frame := vision.FrameLimits(still.Factor)
	port := frame
	port.MaxPixels = 768 * 28 * 28
	for _, row := range c.Still {
		what := fmt.Sprintf("smart_resize_images %dx%d", row.Height, row.Width)
		r.Integers(what, size(still.Still, row.Height, row.Width), row.Image)
		r.Integers(what+" video_reader", size(still.Frame, row.Height, row.Width), row.Frame)
	}
	for _, row := range c.Video {
		what := fmt.Sprintf("smart_resize_videos %dx%d", row.Height, row.Width)
		r.Integers(what, size(frame.Frame, row.Height, row.Width), row.Resized)
		r.Integers(what+" processor_port", size(port.Frame, row.Height, row.Width), row.Port)
	}
}

func samplingTable(r *Run, c preprocessingCases) {
	for _, row := range c.Sampling {
		what := fmt.Sprintf("frame_sampling %d at %v", row.Total, row.FPS)
		s, err := vision.SampleFrames(row.Total, row.FPS)
		if err != nil || row.N == nil {
			refused := []int32{0}
			if row.N == nil {
				refused[0] = 1
			}
			got := []int32{0}
			if err != nil {
				got[0] = 1
			}
			r.Integers(what+" refused", got, refused)
			continue
		}
		index, sum := integers(s.Index), int32(0)
		for _, i := range index {
			sum += i
		}
		if row.Index != nil {
			r.Integers(what, index, row.Index)
		}
		head, tail := min(len(row.Head), len(index)), max(0, len(index)-len(row.Tail))
		r.Integers(what+" ends and sum", slices.Concat(index[:head], index[tail:], []int32{sum, int32(len(index))}),
			slices.Concat(row.Head, row.Tail, []int32{row.Sum, int32(*row.N)}))
		r.Values(what+" rate and duration", []float32{float32(s.FPS), float32(s.Duration)}, []float32{float32(row.Rate), float32(row.Duration)}, 0)
	}
}

func integers(v []int) []int32 {
	out := make([]int32, len(v))
	for i, x := range v {
		out[i] = int32(x)
	}
	return out
}

package vision

import (
	"errors"
	"fmt"
	"math"

	"omnilive/model"
	"omnilive/model/picture"
)

// Preprocessing is what preprocessor_config.json says of pictures. What it leaves out is as DefaultPreprocessing.
type Preprocessing struct {
	MinPixels *int      `json:"min_pixels"` // before Size, where both are there
	MaxPixels *int      `json:"max_pixels"`
	Mean      []float64 `json:"image_mean"` // red, green, blue
	Std       []float64 `json:"image_std"`
	Rescale   float64   `json:"rescale_factor"`
	Patch     int       `json:"patch_size"`
	Temporal  int       `json:"temporal_patch_size"`
	Merge     int       `json:"merge_size"`
	Size      struct {
		Shortest int `json:"shortest_edge"` // least pixels, in spite of its name
		Longest  int `json:"longest_edge"`  // most pixels
	} `json:"size"`
}

// Limits of pictures of the 8B's preprocessor, and of video frames in its service, where it takes 28 pixels a cell.
const (
	minStillPixels = 3136
	maxStillPixels = 2073600
	minFramePixels = 128 * 28 * 28
	maxFramePixels = 378 * 378
)

// DefaultPreprocessing is what the 8B's preprocessor_config.json says, in full.
func DefaultPreprocessing() Preprocessing {
	least, most := minStillPixels, maxStillPixels
	return Preprocessing{
		MinPixels: &least, MaxPixels: &most, Rescale: 1.0 / 255, Patch: 14, Temporal: 2, Merge: 2,
		Mean: []float64{0.48145466, 0.4578275, 0.40821073}, Std: []float64{0.26862954, 0.26130258, 0.27577711},
	}
}

// Preprocessing is DefaultPreprocessing with the sizes of c: for a checkpoint without a preprocessor_config.json.
func (c Config) Preprocessing() Preprocessing {
	p, t := DefaultPreprocessing(), c.Tower.withDefaults()
	p.Patch, p.Temporal, p.Merge = t.Patch, t.Temporal, t.Merge
	return p
}

// Limits returns the sizes that still pictures may have.
func (p Preprocessing) Limits() picture.Limits {
	usual := DefaultPreprocessing()
	l := picture.Limits{Factor: first(p.Patch, usual.Patch) * first(p.Merge, usual.Merge)}
	l.MinPixels = first(pointed(p.MinPixels), p.Size.Shortest, *usual.MinPixels)
	l.MaxPixels = first(pointed(p.MaxPixels), p.Size.Longest, *usual.MaxPixels)
	return l
}

// FrameLimits returns the sizes that video frames have in the 8B's service, in multiples of factor.
func FrameLimits(factor int) picture.Limits {
	return picture.Limits{Factor: factor, MinPixels: minFramePixels, MaxPixels: maxFramePixels}
}

func first(values ...int) int {
	for _, v := range values {
		if v != 0 {
			return v
		}
	}
	return 0
}

func pointed(v *int) int {
	if v == nil {
		return 0
	}
	return *v
}

// A Patcher cuts pictures into the patches that the tower reads.
type Patcher struct {
	limits                 picture.Limits
	patch, temporal, merge int
	levels                 [channels][256]float32 // what a byte of a channel becomes
}

// NewPatcher checks p.
func NewPatcher(p Preprocessing) (*Patcher, error) {
	usual := DefaultPreprocessing()
	n := &Patcher{
		limits: p.Limits(), patch: first(p.Patch, usual.Patch), temporal: first(p.Temporal, usual.Temporal), merge: first(p.Merge, usual.Merge),
	}
	if len(p.Mean) == 0 && len(p.Std) == 0 {
		p.Mean, p.Std = usual.Mean, usual.Std
	}
	if p.Rescale == 0 {
		p.Rescale = usual.Rescale
	}
	if len(p.Mean) != channels || len(p.Std) != channels {
		return nil, fmt.Errorf("preprocessor_config.json: image_mean and image_std have %d and %d values, want %d", len(p.Mean), len(p.Std), channels)
	}
	if n.patch < 1 || n.patch > 128 || n.temporal < 1 || n.temporal > 16 || n.merge < 1 || n.merge > 16 {
		return nil, fmt.Errorf("preprocessor_config.json: patch_size %d, temporal_patch_size %d, merge_size %d", n.patch, n.temporal, n.merge)
	}
	if err := n.limits.Check(); err != nil {
		return nil, fmt.Errorf("preprocessor_config.json: %w", err)
	}
	for c := range channels {
		if !(p.Std[c] > 0) || !finite(p.Std[c], p.Mean[c], p.Rescale) {
			return nil, fmt.Errorf("preprocessor_config.json: rescale_factor %v, image_mean %v, image_std %v", p.Rescale, p.Mean[c], p.Std[c])
		}
		for v := range n.levels[c] {
			n.levels[c][v] = (float32(float64(v)*p.Rescale) - float32(p.Mean[c])) / float32(p.Std[c])
		}
	}
	return n, nil
}

func finite(values ...float64) bool {
	for _, v := range values {
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return false
		}
	}
	return true
}

// Fit resizes a still picture to the size at which it is read.
func (n *Patcher) Fit(p model.Picture) (model.Picture, error) {
	if err := picture.Check(p); err != nil {
		return model.Picture{}, err
	}
	height, width, err := n.limits.Still(p.Height, p.Width)
	if err != nil {
		return model.Picture{}, err
	}
	return picture.Pillow(p, width, height)
}

// A Grid is how many patches a picture or video has: T temporal grids (each of one picture or a few frames) of H by W.
type Grid struct{ T, H, W int }

// Tokens returns how many embeddings g gives.
func (n *Patcher) Tokens(g Grid) int { return g.T * g.H * g.W / (n.merge * n.merge) }

// Patches cuts frames, all of one size that is a multiple of a merged cell, and as many as whole temporal grids need, into
// rows of [channel, frame, y, x]. Patches of one cell are neighbours; cells come row by row, grid by grid.
func (n *Patcher) Patches(frames []model.Picture) ([]float32, Grid, error) {
	side := n.patch * n.merge
	if len(frames) == 0 || len(frames)%n.temporal != 0 {
		return nil, Grid{}, fmt.Errorf("%d frames: want a multiple of %d", len(frames), n.temporal)
	}
	w, h := frames[0].Width, frames[0].Height
	for _, f := range frames {
		if err := picture.Check(f); err != nil {
			return nil, Grid{}, err
		}
		if f.Width != w || f.Height != h {
			return nil, Grid{}, errors.New("frames of different sizes")
		}
	}
	if w%side != 0 || h%side != 0 {
		return nil, Grid{}, fmt.Errorf("a frame of %dx%d: want multiples of %d", w, h, side)
	}
	g := Grid{len(frames) / n.temporal, h / n.patch, w / n.patch}
	out := make([]float32, 0, channels*w*h*len(frames))
	for t := range g.T {
		group := frames[t*n.temporal:][:n.temporal]
		for cell := range g.H / n.merge * (g.W / n.merge) {
			top, left := cell/(g.W/n.merge)*n.merge, cell%(g.W/n.merge)*n.merge
			for i := range n.merge * n.merge {
				out = n.cut(out, group, (top+i/n.merge)*n.patch, (left+i%n.merge)*n.patch)
			}
		}
	}
	return out, g, nil
}

// cut appends the patch whose upper left pixel is at (top, left).
func (n *Patcher) cut(out []float32, frames []model.Picture, top, left int) []float32 {
	for c := range channels {
		levels := &n.levels[c]
		for _, f := range frames {
			for y := range n.patch {
				row := f.RGB[3*((top+y)*f.Width+left):][:3*n.patch]
				for x := c; x < len(row); x += 3 {
					out = append(out, levels[row[x]])
				}
			}
		}
	}
	return out
}

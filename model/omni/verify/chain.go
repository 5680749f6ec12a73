package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"omnilive/model"
	"omnilive/model/llama"
	"omnilive/model/omni"
	"omnilive/model/omni/prompt"
	"omnilive/model/picture"
)

// A chain is a whole checkpoint in memory, with the media of its folder.
type chain struct {
	r      *Run
	m      *omni.Model
	folder *omni.Folder
	media  map[string]chainMedia
	items  map[string]omni.Item
	limits map[string]float64
}

// chainMedia is what cases.json says of an item of media.
type chainMedia struct {
	File  string  `json:"file"`
	Files string  `json:"files"` // of a video, with NNN where the number of the frame stands
	Total int     `json:"total_frames"`
	FPS   float64 `json:"fps"`
	Least int     `json:"min_pixels"`
	Most  int     `json:"max_pixels"`
	Sound string  `json:"sound"`
	Rate  int     `json:"rate"`
}

// openChain loads the folder's checkpoint, the language model as exactly as libllama computes.
func openChain(ctx context.Context, r *Run, positions int) (*chain, error) {
	c := &chain{r: r, items: map[string]omni.Item{}, limits: map[string]float64{}}
	var info struct {
		Media     map[string]chainMedia `json:"media"`
		Tolerance map[string]any        `json:"tolerance"`
	}
	if err := r.JSON("cases.json", &info); err != nil {
		return nil, err
	}
	c.media = info.Media
	for name, v := range info.Tolerance {
		if f, ok := v.(float64); ok {
			c.limits[name] = f
		}
	}
	var err error
	if c.folder, err = omni.OpenFolder(r.Dir); err != nil {
		return nil, err
	}
	place, err := omni.ParsePlace(r.Backend.Device())
	if err != nil {
		return nil, err
	}
	c.m, err = omni.Load(ctx, c.folder, omni.Options{
		Threads: r.Backend.Threads(), Type: r.Type, Partial: true, Place: place,
		Engine: llama.EngineOptions{ContextPerSequence: positions, Sequences: 1, Batch: 512, KVType: llama.KVF32, FlashAttn: llama.FlashOff},
	})
	if err != nil {
		c.folder.Close()
		return nil, err
	}
	return c, nil
}

func (c *chain) close() {
	c.m.Close()
	c.folder.Close()
}

// item encodes an item of media, once.
func (c *chain) item(ctx context.Context, name string) (omni.Item, error) {
	if it, ok := c.items[name]; ok {
		return it, nil
	}
	m, ok := c.media[name]
	if !ok {
		return omni.Item{}, fmt.Errorf("cases.json does not describe the media %q", name)
	}
	it, err := c.encode(ctx, m)
	if err != nil {
		return it, fmt.Errorf("%s: %w", name, err)
	}
	c.items[name] = it
	return it, nil
}

func (c *chain) encode(ctx context.Context, m chainMedia) (omni.Item, error) {
	switch {
	case m.Files != "":
		return c.video(ctx, m)
	case strings.HasSuffix(m.File, ".wav"):
		x, err := mediaSound(c.r, m.File)
		if err != nil {
			return omni.Item{}, err
		}
		return c.m.Audio(ctx, x)
	}
	p, err := mediaPicture(c.r, m.File)
	if err != nil {
		return omni.Item{}, err
	}
	return c.m.Image(ctx, p)
}

func (c *chain) video(ctx context.Context, m chainMedia) (omni.Item, error) {
	index, fps, err := c.m.Frames(m.Total, m.FPS)
	if err != nil {
		return omni.Item{}, err
	}
	clip := omni.Clip{FPS: fps, Limits: picture.Limits{MinPixels: m.Least, MaxPixels: m.Most}}
	for _, at := range index {
		var p model.Picture
		if p, err = mediaPicture(c.r, strings.Replace(m.Files, "NNN", fmt.Sprintf("%03d", at), 1)); err != nil {
			return omni.Item{}, err
		}
		clip.Frames = append(clip.Frames, p)
	}
	if m.Sound != "" {
		if clip.Sound, err = mediaSound(c.r, m.Sound); err != nil {
			return omni.Item{}, err
		}
	}
	return c.m.Video(ctx, clip)
}

// features compares what the encoders made of the media with what is stored.
func (c *chain) features(ctx context.Context) error {
	for name, m := range c.media {
		if m.Rate != 0 && m.Rate != model.InputRate {
			continue // a recording that only a voice is made of
		}
		it, err := c.item(ctx, name)
		if err != nil {
			return err
		}
		if c.r.Has("features." + name) {
			c.r.NearBy("features."+name, it.Rows, c.limits["features"])
		}
		for _, stored := range []string{name + ".units", name + ".codes"} {
			if c.r.Has(stored) {
				c.r.Equal(stored, it.Media.Codes)
			}
		}
		for _, stored := range []string{"features." + name + "_sound", "features." + name + "_audio"} {
			if c.r.Has(stored) {
				c.r.NearBy(stored, it.Sound, c.limits["features"])
			}
		}
		if stored := "features." + name + "_sound_before_compressor"; c.r.Has(stored) {
			if err := c.beforeCompressor(ctx, stored, c.media[name].Sound); err != nil {
				return err
			}
		}
	}
	return c.r.Err()
}

func (c *chain) beforeCompressor(ctx context.Context, stored, file string) error {
	x, err := mediaSound(c.r, file)
	if err != nil {
		return err
	}
	it, err := c.m.Audio(ctx, x)
	if err != nil {
		return err
	}
	c.r.NearBy(stored, it.Rows, c.limits["features"])
	return nil
}

// chosen is the likeliest of the ids in these ranges, first and last included; of all where there are none.
func chosen(logits []float32, ranges [][2]int32) (int32, error) {
	if len(ranges) == 0 {
		ranges = [][2]int32{{0, int32(len(logits)) - 1}}
	}
	best := int32(-1)
	for _, span := range ranges {
		for id := max(0, span[0]); id <= span[1] && int(id) < len(logits); id++ {
			if best < 0 || logits[id] > logits[best] {
				best = id
			}
		}
	}
	if best < 0 {
		return 0, errors.New("no id is allowed")
	}
	return best, nil
}

// greedy picks n ids, each the likeliest of the allowed ones, and shows the logits they were picked by.
func greedy(ctx context.Context, w *omni.Window, n int, ranges [][2]int32, seen func(logits []float32)) ([]int32, error) {
	var ids []int32
	for range n {
		logits := w.Sequence().Logits()
		seen(logits)
		id, err := chosen(logits, ranges)
		if err != nil {
			return nil, err
		}
		if err := w.Append(ctx, []int32{id}); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// shelf hands the encoded media out by kind and number.
func (c *chain) shelf(names map[prompt.Kind][]string) shelf {
	return func(k prompt.Kind, item int) prompt.Media {
		if item >= len(names[k]) {
			return prompt.Media{}
		}
		return c.items[names[k][item]].Media
	}
}

package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"omnilive/model"
	"omnilive/model/checkpoint"
	"omnilive/model/omni/vision"
	"omnilive/model/picture"
)

// visionMedia is what cases.json of a whole checkpoint says of the picture and the video in its media folder.
type visionMedia struct {
	Media struct {
		Image struct{ File string }
		Video struct {
			Files     string // with NNN where the number of the frame stands
			Resized   string `json:"resized_files"` // with N where the number of the sampled frame stands
			Total     int    `json:"total_frames"`
			FPS       float64
			MinPixels int `json:"min_pixels"`
			MaxPixels int `json:"max_pixels"`
		}
	}
	Tolerance struct{ Features float64 }
}

// wholeVision loads the vision encoder of a whole checkpoint, with its own preprocessor_config.json where there is one.
func wholeVision(ctx context.Context, r *Run) (*vision.Encoder, *checkpoint.Weights, error) {
	var config vision.Config
	if err := r.Config(&config); err != nil {
		return nil, nil, err
	}
	preprocessing := config.Preprocessing()
	if err := r.JSON("preprocessor_config.json", &preprocessing); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	src, err := r.Source()
	if err != nil {
		return nil, nil, err
	}
	p := checkpoint.NewPlan(src)
	e := vision.Declare(p.At("model."), config, preprocessing, r.Backend)
	w, err := p.Load(ctx, checkpoint.Options{Backend: r.Backend, Type: r.Type})
	return e, w, err
}

// visionFeatures checks the features of a whole checkpoint's picture and video, from the files in its media folder.
func visionFeatures(ctx context.Context, r *Run) error {
	var m visionMedia
	if err := r.JSON("cases.json", &m); err != nil {
		return err
	}
	e, w, err := wholeVision(ctx, r)
	if err != nil {
		return err
	}
	defer w.Close()
	defer e.Close()
	if r.Has("features.image") {
		p, err := mediaPicture(r, m.Media.Image.File)
		if err != nil {
			return err
		}
		rows, g, err := e.Image(ctx, p)
		if err != nil {
			return err
		}
		r.Equal("image.grid_thw", []int32{int32(g.T), int32(g.H), int32(g.W)})
		r.NearBy("features.image", rows, m.Tolerance.Features)
	}
	if r.Has("features.video") {
		return videoFeatures(ctx, r, e, m)
	}
	return r.Err()
}

func videoFeatures(ctx context.Context, r *Run, e *vision.Encoder, m visionMedia) error {
	v := m.Media.Video
	s, err := vision.SampleFrames(v.Total, v.FPS)
	if err != nil {
		return err
	}
	r.Equal("video.frame_index", integers(s.Index))
	var frames []model.Picture
	for i, at := range s.Index {
		p, err := mediaPicture(r, strings.Replace(v.Files, "NNN", fmt.Sprintf("%03d", at), 1))
		if err != nil {
			return err
		}
		if name, _, _ := strings.Cut(v.Resized, " "); name != "" {
			if p, err = resizedFrame(r, strings.Replace(name, "_N.", fmt.Sprintf("_%d.", i), 1), p); err != nil {
				return err
			}
		}
		frames = append(frames, p)
	}
	limits := vision.FrameLimits(e.Side())
	limits.MinPixels, limits.MaxPixels = v.MinPixels, v.MaxPixels
	rows, g, err := e.Video(ctx, frames, limits)
	if err != nil {
		return err
	}
	r.Equal("video.grid_thw", []int32{int32(g.T), int32(g.H), int32(g.W)})
	r.NearBy("features.video", rows, m.Tolerance.Features)
	return r.Err()
}

// resizedFrame compares a frame with its stored resized form, in which a few bytes may be off by a level, and returns the
// stored one: the features are made of it.
func resizedFrame(r *Run, file string, frame model.Picture) (model.Picture, error) {
	want, err := mediaPicture(r, file)
	if err != nil {
		return model.Picture{}, err
	}
	got, err := picture.Torch(frame, want.Width, want.Height)
	if err != nil {
		return model.Picture{}, err
	}
	share := float32(differing(got.RGB, want.RGB)) / float32(len(want.RGB))
	r.Values(file+", share of bytes off", []float32{share}, []float32{0}, frameShare)
	return want, nil
}

func mediaPicture(r *Run, file string) (model.Picture, error) {
	if !filepath.IsLocal(file) {
		return model.Picture{}, fmt.Errorf("media file %q is not inside the folder", file)
	}
	b, err := os.ReadFile(filepath.Join(r.Dir, file))
	if err != nil {
		return model.Picture{}, err
	}
	return picture.Decode(b)
}

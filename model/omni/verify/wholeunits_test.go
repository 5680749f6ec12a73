package verify

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/omni/imagetokenizer"
	"omnilive/model/omni/speechtokenizer"
	"omnilive/model/picture"
)

// The discrete units of the whole checkpoint's media, out of its shards.
func TestUnitsOfWholeCheckpoint(t *testing.T) {
	dir := filepath.Join("testdata", "omni-whole")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("OMNILIVE_SHARED") == "" {
			t.Skip("neither testdata/omni-whole nor OMNILIVE_SHARED is here")
		}
		dir = filepath.Join(os.Getenv("OMNILIVE_SHARED"), "golden", "omni-whole")
	}
	b := backend(t)
	r, err := open(dir, "omni-whole", Options{Backend: b})
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	var config struct {
		Vision imagetokenizer.Config  `json:"discrete_vision_config"`
		Audio  speechtokenizer.Config `json:"discrete_audio_config"`
	}
	if err := r.Config(&config); err != nil {
		t.Fatal(err)
	}
	src, err := r.Source()
	if err != nil {
		t.Fatal(err)
	}
	for _, silent := range []bool{false, true} {
		if silent { // as the published config is: what the shapes cannot tell is what it is there
			config.Vision, config.Audio = imagetokenizer.Config{}, speechtokenizer.Config{}
		}
		p := checkpoint.NewPlan(src)
		images := imagetokenizer.Declare(p.At("model.discrete_vision_model."), config.Vision, b)
		defer images.Close()
		sounds := speechtokenizer.Declare(p.At("model.discrete_audio_model."), config.Audio, b)
		defer sounds.Close()
		if extra := p.Extra("model.discrete_"); p.Named() != 159+38 || len(extra) > 0 {
			t.Errorf("%d tensors named, want 159 and 38; not named: %v", p.Named(), extra)
		}
		w, err := p.Load(context.Background(), checkpoint.Options{Backend: b, Type: ggml.F32})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		file, err := os.ReadFile(filepath.Join(dir, "media", "image.png"))
		if err != nil {
			t.Fatal(err)
		}
		pic, err := picture.Decode(file)
		if err != nil {
			t.Fatal(err)
		}
		units, err := images.Encode(context.Background(), pic)
		if err != nil || !slices.Equal(units, r.Ints("image.codes")) {
			t.Errorf("image: %d units, not the stored ones (%v)", len(units), err)
		}
		for _, name := range []string{"question", "question2"} {
			units, err := sounds.Encode(context.Background(), wave16(t, filepath.Join(dir, "media", name+".wav")))
			if err != nil || !slices.Equal(units, r.Ints(name+".units")) {
				t.Errorf("%s: %v, want %v (%v)", name, units, r.Ints(name+".units"), err)
			}
		}
	}
	if r.Err() != nil {
		t.Error(r.Err())
	}
}

// wave16 reads the samples of a file of 16 bit PCM, one channel, whose data comes last.
func wave16(t *testing.T, path string) []float32 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil || len(b) < 44 || string(b[36:40]) != "data" {
		t.Fatalf("%s: %v", path, err)
	}
	x := make([]float32, (len(b)-44)/2)
	for i := range x {
		x[i] = float32(int16(binary.LittleEndian.Uint16(b[44+2*i:]))) / 32768
	}
	return x
}

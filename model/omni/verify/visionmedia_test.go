package verify

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/omni/vision"
)

// wholes are the whole checkpoints at hand.
func wholes(t *testing.T) (dirs []string) {
	t.Helper()
	for _, name := range []string{"omni-whole", "omni-tiny"} {
		for _, base := range []string{"testdata", filepath.Join(os.Getenv("OMNILIVE_SHARED"), "golden")} {
			if _, err := os.Stat(filepath.Join(base, name, "cases.json")); err == nil {
				dirs = append(dirs, filepath.Join(base, name))
				break
			}
		}
	}
	if len(dirs) == 0 {
		t.Skip("neither testdata/omni-whole nor OMNILIVE_SHARED is here")
	}
	return dirs
}

// The picture and the video of the whole checkpoints, from the files on.
func TestVisionOfWholeCheckpoints(t *testing.T) {
	b := backend(t)
	for _, dir := range wholes(t) {
		r, err := open(dir, filepath.Base(dir), Options{Backend: b, Report: func(r Row) {
			if !r.Passed {
				t.Errorf("%s %s: off by %.3g, limit %.3g %s", r.Folder, r.What, r.Absolute, r.Limit, r.Note)
			} else {
				t.Logf("%s %s: %.3g of %.3g %s", r.Folder, r.What, r.Absolute, r.Limit, r.Note)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer r.close()
		if err := visionFeatures(context.Background(), r); err != nil {
			t.Error(err)
		}
		if r.rows < 5 {
			t.Errorf("%s: only %d comparisons", dir, r.rows)
		}
		src, err := r.Source()
		if err != nil {
			t.Fatal(err)
		}
		p := checkpoint.NewPlan(src)
		var c vision.Config
		if err := r.Config(&c); err != nil {
			t.Fatal(err)
		}
		vision.Declare(p.At("model."), c, c.Preprocessing(), b)
		if extra := p.Extra("model.vision_model."); len(extra) > 0 || p.Err() != nil {
			t.Errorf("%s: not named: %v, %v", dir, extra, p.Err())
		}
	}
}

// Types that take less memory stay near, and one number of the patch embedding off by a tenth is seen.
func TestVisionTypes(t *testing.T) {
	b := backend(t)
	for _, k := range []struct {
		t     ggml.Type
		limit float64
	}{{ggml.F16, 0.02}, {ggml.BF16, 0.1}, {ggml.Q8_0, 0.1}} {
		worst := 0.0
		err := Check(context.Background(), filepath.Join("testdata", "vision_model"), Options{Backend: b, Type: k.t, Report: func(r Row) {
			if r.What == "case1.projected" {
				worst = r.Relative
			}
		}})
		t.Logf("%v: %.3g of the largest value", k.t, worst)
		if worst == 0 || worst > k.limit {
			t.Errorf("%v: off by %.3g of the largest value, want up to %v and not 0 (%v)", k.t, worst, k.limit, err)
		}
	}
}

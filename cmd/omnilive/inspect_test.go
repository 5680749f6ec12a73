package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"omnilive/model/checkpoint"
	"omnilive/model/omni"
	"omnilive/model/omni/omnitest"
)

// inspected runs inspect on a checkpoint of these tensors.
func inspected(t *testing.T, tensors []checkpoint.Tensor) (string, error) {
	t.Helper()
	dir := t.TempDir()
	if err := omnitest.Write(dir, tensors, 10); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err := runInspect(context.Background(), []string{dir}, &out)
	return out.String(), err
}

func TestInspectPublishedCheckpoint(t *testing.T) {
	out, err := inspected(t, omnitest.Published())
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(out, "complete: 1860 tensors, 42966658080 bytes") {
		t.Errorf("not complete:\n%s", out)
	}
	for name, tensors := range map[string]int{
		"vision_model": 390, "audio_model": 487, "video_audio_compressor": 21, "mm_projector": 2, "audio_projector": 4,
		"language_model": 327, "discrete_vision_model": 527, "discrete_audio_model": 102,
	} {
		found := false
		for line := range strings.Lines(out) {
			f := strings.Fields(line)
			if len(f) > 3 && f[0] == name {
				n := fmt.Sprint(tensors)
				found = f[1] == n && f[2] == n && f[3] == n
			}
		}
		if !found {
			t.Errorf("%s has other counts than %d:\n%s", name, tensors, out)
		}
	}
}

func TestInspectListsAllThatIsWrong(t *testing.T) {
	all := omnitest.Published()
	all = slices.DeleteFunc(all, func(t checkpoint.Tensor) bool {
		return t.Name == "model.vision_model.blocks.7.attn.qkv.bias" || t.Name == "model.language_model.model.norm.weight" ||
			strings.HasPrefix(t.Name, "model.audio_projector.")
	})
	for i := range all {
		if all[i].Name == "model.discrete_vision_model.encode_task_layer.0.weight" {
			all[i].Shape = []int64{1152, 1151}
		}
	}
	all = append(all,
		checkpoint.Tensor{Name: "model.audio_model.layers.32.fc1.bias", Shape: []int64{5120}},
		checkpoint.Tensor{Name: "model.mm_projector.scale", Shape: []int64{1}},
		checkpoint.Tensor{Name: "optimizer.step", Shape: []int64{1}},
	)
	out, err := inspected(t, all)
	if !errors.Is(err, errIncomplete) {
		t.Errorf("got %v", err)
	}
	for _, want := range []string{
		`wrong: vision_model: tensor "model.vision_model.blocks.7.attn.qkv.bias" is missing, want [3840]`,
		`wrong: language_model: tensor "model.language_model.model.norm.weight" is missing, want [4096]`,
		`wrong: audio_projector: not there`,
		`wrong: discrete_vision_model: tensor "model.discrete_vision_model.encode_task_layer.0.weight" has shape [1152 1151], want [1152 1152]`,
		`extra: audio_model: model.audio_model.layers.32.fc1.bias f32[5120]`,
		`extra: mm_projector: model.mm_projector.scale f32[1]`,
		`extra: optimizer.step f32[1] belongs to no component`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("not said: %s", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
	if strings.Contains(out, "complete:") {
		t.Error("an incomplete checkpoint is called complete")
	}
}

func TestInspectFile(t *testing.T) {
	var out bytes.Buffer
	if err := runInspect(context.Background(), []string{"../../model/omni/verify/testdata/language_model/weights.safetensors"}, &out); err != nil || !strings.Contains(out.String(), " tensors (f32×") {
		t.Errorf("%v: %s", err, out.String())
	}
}

func TestInspectUnfinishedConversion(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, omni.UnfinishedFile), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := runInspect(context.Background(), []string{dir}, io.Discard); err == nil || !strings.Contains(err.Error(), "not finished") {
		t.Errorf("got %v", err)
	}
}

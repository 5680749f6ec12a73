package verify

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"omnilive/model/safetensors"
)

// A single weight that is off by a hundredth is found, whichever tensor it is in.
func TestUnitsShowBrokenWeights(t *testing.T) {
	b := backend(t)
	for folder, unread := range map[string][]string{
		"discrete_audio_model": {"project_down"}, // the kept cases end before it
		"discrete_vision_model": { // those that units never depend on, and those behind the kept stages
			".decoder.", ".head.", "post_layernorm", "decode_task", "out_linear", "encode_task", "in_linear",
			"k_proj.bias", // adds the same to all scores of a query
		},
	} {
		dir := filepath.Join(t.TempDir(), folder)
		if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", folder))); err != nil {
			t.Fatal(err)
		}
		weights := filepath.Join(dir, "weights.safetensors")
		whole, err := os.ReadFile(weights)
		if err != nil {
			t.Fatal(err)
		}
		f, err := safetensors.Open(weights)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		if err := Check(context.Background(), dir, Options{Backend: b}); err != nil {
			t.Fatalf("%s as it is: %v", folder, err)
		}
		for _, tensor := range f.Tensors {
			if containsAny(tensor.Name, unread) {
				continue
			}
			broken := append([]byte(nil), whole...)
			at := broken[tensor.Offset+min(4*15, tensor.Size-4):] // of a memory of 31 places the middle one
			binary.LittleEndian.PutUint32(at, math.Float32bits(math.Float32frombits(binary.LittleEndian.Uint32(at))+0.01))
			if err := os.WriteFile(weights, broken, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := Check(context.Background(), dir, Options{Backend: b}); !errors.Is(err, ErrDiffers) {
				t.Errorf("%s, a number of %s: %v", folder, tensor.Name, err)
			}
		}
	}
}

func containsAny(s string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"omnilive/media"
	"omnilive/signaling/caller"
)

const (
	wholeCheckpoint = "../../model/omni/verify/testdata/omni-whole"
	spokenQuestion  = "../../model/small/whisper/testdata/speech/00.wav"
)

// A call with an omni checkpoint, from the caller's microphone to the sound of the model's own units. The weights are random, so
// that the words mean nothing; that there are words, and sound for them, is what is tried.
func TestOmniCall(t *testing.T) {
	models := os.Getenv("OMNILIVE_MODELS")
	for _, c := range []struct {
		name    string
		keep    []string // what else the models folder holds
		wording bool     // the words are recognised before the answer
	}{
		{"with a recognizer", []string{"whisper-base.gguf"}, true},
		{"by itself", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range append(c.keep, "silero_vad_16k_op15.onnx", "smart-turn-v3.2-cpu.onnx") {
				if models != "" {
					if err := os.Symlink(filepath.Join(models, name), filepath.Join(dir, name)); err != nil {
						t.Fatal(err)
					}
				}
			}
			url := serveForTest(t, "--model", wholeCheckpoint, "--quant", "f32", "--llm-quant", "f32", "--models-dir", dir, "--max-calls", "1", "--image-steps", "0")
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("no answer came"))
			defer cancel()
			call, err := caller.Dial(ctx, url, caller.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer call.Close()
			short := map[string]any{"type": "session.update", "session": map[string]any{"type": "realtime", "max_output_tokens": 340}}
			if err := call.Send(short); err != nil {
				t.Fatal(err)
			}
			if err := call.Say(question(t)); err != nil {
				t.Fatal(err)
			}
			a, err := call.Answer(ctx, 0)
			if err != nil {
				t.Fatal(err)
			}
			if !a.Spoken || a.Said == "" || a.Question == "" {
				t.Errorf("answer %+v", a)
			}
			if sound := caller.Voiced(call.Heard(), 0); len(sound) == 0 {
				t.Error("nothing was heard")
			}
		})
	}
}

// question reads a sentence, mu-law at 16 kHz (ITU-T G.711), as the caller speaks it.
func question(t *testing.T) []float32 {
	t.Helper()
	b, err := os.ReadFile(spokenQuestion)
	if err != nil {
		t.Fatal(err)
	}
	_, data, ok := bytes.Cut(b, []byte("data"))
	if !ok || len(data) < 4 {
		t.Fatal("no sound in the sentence")
	}
	speech := make([]float32, len(data)-4)
	for i, c := range data[4:] {
		c = ^c
		v := float32((int(c&15)<<3+0x84)<<(c>>4&7) - 0x84)
		if c&0x80 != 0 {
			v = -v
		}
		speech[i] = v / 32768
	}
	out, err := media.Resample(speech, media.InputRate, media.OutputRate)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	"omnilive/model"
	"omnilive/model/omni"
	"omnilive/model/omni/imagedecoder"
	"omnilive/model/small"
	"omnilive/model/turn"
	"omnilive/streaming"
)

// modelFlags say which model answers and how much of the machine it may use.
type modelFlags struct {
	dirs         *folders
	model        string
	llm          string
	threads      int
	calls        int
	languages    string
	instructions string
	voice        string
	voiceLike    string // a sound file
	quant        string // of an omni model's networks
	llmQuant     string
	place        map[string]string
	omni         omniFlags
}

// omniFlags are further ones of omni models.
type omniFlags struct {
	window     int // positions of a call; 0: see windowFor
	imageSteps int // of the image decoder; 0: calls cannot draw

	words, units int  // the most of an answer; 0: as package live has it
	uncaptioned  bool // it hears by itself, even where a recognizer is installed
}

func newModelFlags(fs *flag.FlagSet) *modelFlags {
	f := &modelFlags{dirs: folderFlags(fs)}
	fs.StringVar(&f.model, "model", "small", "the model that answers: small (Qwen2.5 0.5B), tiny (SmolLM2 135M, half the memory, sees nothing), or the `folder` of a HyperCLOVAX-SEED-Omni checkpoint")
	fs.StringVar(&f.llm, "llm", "", "an instruct GGUF `file` in place of the model's own language model; its chat template is used")
	fs.IntVar(&f.threads, "threads", 0, "threads for the recognizer and for the language model; 0 means one fewer than the cores")
	fs.IntVar(&f.calls, "max-calls", 0, "calls at once; what more come wait, or get 503; 0 means 8, or 2 with the tiny model")
	fs.StringVar(&f.languages, "languages", "en,ko", "languages to recognize, with commas (ISO 639-1)")
	fs.StringVar(&f.instructions, "instructions", "", "system prompt that calls start with; empty means the model's own")
	fs.StringVar(&f.quant, "quant", "bf16", "how a published omni checkpoint's networks are kept in memory: f32, f16, bf16 or q8_0 (a converted one loads as it lies there)")
	placeFlag(fs, &f.place)
	fs.StringVar(&f.llmQuant, "llm-quant", "q8_0", "how an omni checkpoint's language model is kept, where it is not converted already: f32, f16, bf16 or q8_0")
	fs.StringVar(&f.voice, "voice", "", "voice that calls start with; empty means the model's first")
	fs.StringVar(&f.voiceLike, "voice-like", "", "calls start with a voice like the one in this sound `file` (omni models)")
	fs.IntVar(&f.omni.window, "window", 0, "`positions` that a call with an omni model remembers; 0 means 32768, or fewer where memory is short")
	fs.IntVar(&f.omni.imageSteps, "image-steps", imagedecoder.Standard().Steps, "steps in which an omni model paints a picture; 0 means that it cannot draw")
	return f
}

// args are the flags that say the same to another process of this program.
func (f *modelFlags) args() []string {
	args := []string{
		"--models-dir", f.dirs.models, "--lib-dir", f.dirs.lib, "--lib-variant", f.dirs.variant, "--model", f.model, "--llm", f.llm,
		"--threads", strconv.Itoa(f.threads), "--max-calls", strconv.Itoa(f.calls), "--languages", f.languages,
		"--window", strconv.Itoa(f.omni.window), "--image-steps", strconv.Itoa(f.omni.imageSteps),
		"--instructions", f.instructions, "--voice", f.voice, "--quant", f.quant, "--llm-quant", f.llmQuant,
	}
	var places []string
	for _, c := range omni.Placed {
		if device, ok := f.place[c]; ok {
			places = append(places, c+"="+device)
		}
	}
	return append(args, "--place", strings.Join(places, ","))
}

// lines is how many calls there may be at once.
func (f *modelFlags) lines() int {
	switch {
	case f.calls > 0:
		return f.calls
	case f.model == "tiny":
		return 2
	}
	return 8
}

// A stack is all that answers calls: the model and what finds the user's turns.
type stack struct {
	model  model.Model
	speech *turn.SpeechNetwork
	turns  *turn.SmartTurn
	config streaming.Config
}

// openStack loads and warms everything, and says on standard error how far it is.
func (f *modelFlags) openStack(ctx context.Context) (*stack, error) {
	if f.model != "small" && f.model != "tiny" && !isCheckpoint(f.model) {
		return nil, fmt.Errorf("--model %q: want small, tiny or the folder of a checkpoint", f.model)
	}
	if f.voiceLike != "" && (f.voice != "" || !isCheckpoint(f.model)) {
		return nil, errors.New("--voice-like is for an omni checkpoint (--model DIR), and in place of --voice")
	}
	s := &stack{}
	bar := newLoading()
	defer bar.close()
	err := func() error {
		m, err := f.openModel(ctx, bar.tell)
		if err != nil {
			return err
		}
		s.model = m
		if s.speech, err = turn.OpenSpeech(filepath.Join(f.dirs.models, "silero_vad_16k_op15.onnx")); err != nil {
			return err
		}
		if s.turns, err = turn.OpenSmartTurn(filepath.Join(f.dirs.models, "smart-turn-v3.2-cpu.onnx"), 1); err != nil {
			return err
		}
		bar.tell("warming up", 0)
		defer debug.FreeOSMemory() // what only loading needed
		return s.warm(ctx)
	}()
	if err != nil {
		return nil, errors.Join(explain(err), s.close())
	}
	s.config = streaming.Config{
		Model: s.model, Turns: s.turns,
		NewSpeech: func() (model.SpeechDetector, error) { return s.speech.NewDetector() },
		Complete:  func(text, language string) float64 { return float64(turn.Words(text, language)) },
		Settings:  streaming.Settings{Instructions: f.instructions, Voice: f.voice},
		Log:       slog.Default(),
	}
	return s, nil
}

// openModel loads what answers.
func (f *modelFlags) openModel(ctx context.Context, tell func(string, float64)) (model.Model, error) {
	if isCheckpoint(f.model) {
		return f.openOmni(ctx, tell)
	}
	return small.Open(ctx, small.Config{
		ModelsDir: f.dirs.models, LibDir: f.dirs.lib, Llama: f.dirs.llamaDir(), LanguageModel: f.llm, Tiny: f.model == "tiny",
		Threads: f.threads, Calls: f.lines(), NoVision: f.model == "tiny", Languages: strings.Split(f.languages, ","), Progress: tell,
	})
}

// explain adds the remedy to an error about a file that is not there.
func explain(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w (get the model's parts with: omnilive models fetch)", err)
	}
	return err
}

func (s *stack) warm(ctx context.Context) error {
	if err := s.model.Warm(ctx); err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	d, err := s.speech.NewDetector()
	if err != nil {
		return err
	}
	defer d.Close()
	if _, err := d.Probability(make([]float32, model.Hop)); err != nil {
		return err
	}
	_, err = s.turns.Probability(ctx, make([]float32, model.InputRate))
	return err
}

func (s *stack) close() error {
	var err error
	if s.turns != nil {
		s.turns.Close()
	}
	if s.speech != nil {
		s.speech.Close()
	}
	if s.model != nil {
		err = s.model.Close()
	}
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"omnilive/media"
	"omnilive/model"
	"omnilive/model/ggml"
	"omnilive/model/llama"
	"omnilive/model/omni"
	"omnilive/model/omni/imagedecoder"
	"omnilive/model/omni/language"
	"omnilive/model/omni/live"
	"omnilive/model/onnx"
	"omnilive/model/small"
	"omnilive/model/small/whisper"
)

// isCheckpoint tells whether --model names a folder with a checkpoint.
func isCheckpoint(path string) bool {
	_, err := os.Stat(filepath.Join(path, "config.json"))
	return err == nil
}

// An omniModel is an omni model for calls with all that it is made of.
type omniModel struct {
	*live.Model
	networks   *omni.Model
	folder     *omni.Folder
	recognizer *whisper.Recognizer
}

// openOmni loads the checkpoint that --model names. Where the small model's recognizer is installed it writes the captions
// of what the caller says; else the words come with the answer, as the model heard them.
func (f *modelFlags) openOmni(ctx context.Context, tell func(part string, done float64)) (model.Model, error) {
	if err := onnx.Open(filepath.Join(f.dirs.lib, small.RuntimeLib)); err != nil {
		return nil, err
	}
	if err := llama.Open(f.dirs.llama()); err != nil {
		return nil, err
	}
	kept, err := parseType(f.quant)
	if err != nil {
		return nil, fmt.Errorf("--quant: %w", err)
	}
	words, err := parseType(f.llmQuant)
	if err != nil {
		return nil, fmt.Errorf("--llm-quant: %w", err)
	}
	o := &omniModel{}
	if o.folder, err = omni.OpenFolder(f.model); err != nil {
		return nil, err
	}
	types := map[string]ggml.Type{omni.LanguageModel: words}
	if o.folder.Made != nil { // a converted folder loads as it lies there
		types = o.folder.Made.LoadTypes()
	}
	free, _ := availableMemory("/proc/meminfo") // 0 where it is not known
	windows := f.lines() + 1                    // one to tidy a long call's in
	m, err := omni.Load(ctx, o.folder, omni.Options{
		Threads: f.threads, Place: f.place, Type: kept, Types: types,
		Cache:    filepath.Join(f.dirs.models, "converted"),
		Engine:   engineFor(o.folder.Config.Language, windows, f.omni.window, free),
		Progress: func(part string, done, total int64) { tell(part, float64(done)/float64(max(total, 1))) },
	})
	if err != nil {
		return nil, errors.Join(err, o.folder.Close())
	}
	o.networks = m
	options := live.Options{System: f.instructions, Words: f.omni.words, Units: f.omni.units, Draw: m.Draws() && f.omni.imageSteps > 0}
	options.Image = imagedecoder.Standard()
	options.Image.Width, options.Image.Height, options.Image.Steps = 0, 0, f.omni.imageSteps
	if path := filepath.Join(f.dirs.models, small.RecognizerFile); exists(path) && !f.omni.uncaptioned {
		if o.recognizer, err = whisper.Open(path, whisper.Options{Threads: f.threads}); err == nil {
			options.Recognizer = o.transcribe
		}
	}
	if err == nil {
		o.Model, err = live.New(ctx, m, options)
	}
	if err == nil && f.voiceLike != "" {
		err = f.speakLike(ctx, o.Model)
	}
	if err != nil {
		m.Close()
		return nil, errors.Join(err, o.folder.Close())
	}
	return o, nil
}

// speakLike makes the voice of --voice-like the first one.
func (f *modelFlags) speakLike(ctx context.Context, l *live.Model) error {
	pcm, err := media.ReadSoundFile(ctx, f.voiceLike, media.OutputRate, mostReference)
	if err == nil {
		err = l.SpeakLike(ctx, pcm)
	}
	if err != nil {
		return fmt.Errorf("--voice-like: %w", err)
	}
	return nil
}

// mostReference is the longest recording of a voice that is decoded; the model says what it takes.
const mostReference = 10 * time.Minute

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// transcribe is the live.Recognizer of the small model.
func (o *omniModel) transcribe(ctx context.Context, speech []float32, h model.HearOptions) (model.Transcript, error) {
	return o.recognizer.Transcribe(ctx, speech, whisper.TranscribeOptions{
		Language: h.Language, Languages: o.Abilities().HeardLanguages, Times: h.Times, Final: h.Final,
	})
}

// Work is that of the model, and the recognizer's.
func (o *omniModel) Work(dst []time.Duration) []time.Duration {
	if dst = o.Model.Work(dst); o.recognizer != nil {
		dst = append(dst, o.recognizer.Busy())
	}
	return dst
}

// Close frees the model and its files.
func (o *omniModel) Close() error {
	err := o.Model.Close()
	if o.recognizer != nil {
		o.recognizer.Close()
	}
	return errors.Join(err, o.folder.Close())
}

// blockHeads is the smallest head for which attention in blocks, with keys and values of half precision, is the faster one on a
// CPU: its kernels take 32 numbers at once, and for heads of 8 they are five times as slow as the plain product.
const blockHeads = 32

// engineFor sets the language model's engine up: so many windows of so many positions (see windowFor).
func engineFor(c language.Config, windows, positions int, free int64) llama.EngineOptions {
	o := llama.EngineOptions{Sequences: windows, ContextPerSequence: windowFor(positions, windows, c, free)}
	if c.HeadSize < blockHeads {
		o.KVType, o.FlashAttn = llama.KVF32, llama.FlashOff
	}
	return o
}

package small

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"omnilive/model"
	"omnilive/model/llama"
	"omnilive/model/onnx"
	"omnilive/model/small/camera"
	"omnilive/model/small/espeak"
	"omnilive/model/small/hibari"
	"omnilive/model/small/whisper"
)

// Config says where the parts are and how much of the machine they may use.
type Config struct {
	ModelsDir     string
	LibDir        string
	Llama         string                          // folder of libllama in LibDir; empty means LlamaDir
	LanguageModel string                          // path of an instruct GGUF; empty means the default's
	Tiny          bool                            // SmolLM2 135M in place of Qwen2.5 0.5B
	Threads       int                             // for each of recognizer and language model; 0 means the number of cores, at most 8
	Calls         int                             // conversations at once; 0 means 8
	Languages     []string                        // recognition is limited to these; nil means English and Korean
	NoVision      bool                            // leave the vision encoder out
	Progress      func(part string, done float64) // while loading; nil: not called
}

// Files of the default model, in Config.ModelsDir.
const (
	RecognizerFile = "whisper-base.gguf"
	DefaultLLM     = "qwen2.5-0.5b-instruct-q4_0.gguf"
	SourceLLM      = "qwen2.5-0.5b-instruct-q4_k_m.gguf"
	TinyLLM        = "smollm2-135m-instruct-q4_1.gguf"
	VoiceDir       = "hibari"
	RuntimeLib     = "libonnxruntime.so.1.32.0" // in Config.LibDir
	LlamaDir       = "llama"                    // in Config.LibDir
)

// A Model holds the default's parts and runs its language model.
type Model struct {
	cfg        Config
	lm         *llama.Model
	engine     *llama.Engine
	dialect    *dialect
	prefix     *llama.Sequence // the default system prompt, read once
	recognizer *whisper.Recognizer
	voice      *hibari.Synthesizer
	speaker    *espeak.Speaker // nil where espeak-ng is not installed
	describer  *camera.Describer
	work       work
	mu         sync.Mutex // guards prefix
	stop       context.CancelFunc
	running    sync.WaitGroup
}

// Open loads all parts. Close frees them, also after an error of Warm.
func Open(ctx context.Context, cfg Config) (*Model, error) {
	cfg = cfg.withDefaults()
	m := &Model{cfg: cfg}
	for _, step := range []struct {
		part string
		load func() error
	}{
		{"ONNX Runtime", func() error { return onnx.Open(filepath.Join(cfg.LibDir, RuntimeLib)) }},
		{"libllama", func() error { return llama.Open(filepath.Join(cfg.LibDir, cfg.Llama)) }},
		{"recognizer", m.openRecognizer},
		{"synthesizer", m.openVoice},
		{"vision encoder", m.openDescriber},
		{"language model", m.openLanguageModel},
	} {
		cfg.Progress(step.part, 0)
		if err := step.load(); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", step.part, err), m.Close())
		}
		cfg.Progress(step.part, 1)
		if err := ctx.Err(); err != nil {
			return nil, errors.Join(err, m.Close())
		}
	}
	return m, nil
}

func (c Config) withDefaults() Config {
	if c.Threads <= 0 {
		c.Threads = min(max(runtime.NumCPU()-1, 1), 8) // ggml's threads wait for one another by spinning: leave a core to the rest
	}
	if c.Calls <= 0 {
		c.Calls = 8
	}
	if c.Llama == "" {
		c.Llama = LlamaDir
	}
	if c.Languages == nil {
		c.Languages = []string{"en", "ko"}
	}
	if c.Progress == nil {
		c.Progress = func(string, float64) {}
	}
	if c.LanguageModel == "" {
		c.LanguageModel = filepath.Join(c.ModelsDir, DefaultLLM)
		if c.Tiny {
			c.LanguageModel = filepath.Join(c.ModelsDir, TinyLLM)
		} else if _, err := os.Stat(c.LanguageModel); err != nil {
			c.LanguageModel = filepath.Join(c.ModelsDir, SourceLLM)
		}
	}
	return c
}

func (m *Model) openRecognizer() (err error) {
	m.recognizer, err = whisper.Open(filepath.Join(m.cfg.ModelsDir, RecognizerFile), whisper.Options{
		Threads: m.cfg.Threads, Languages: m.cfg.Languages, Compact: m.cfg.Tiny,
	})
	return err
}

func (m *Model) openVoice() (err error) {
	m.voice, err = hibari.Open(filepath.Join(m.cfg.ModelsDir, VoiceDir), hibari.Options{Threads: 1, Parallel: voices})
	if err == nil {
		m.speaker, _ = espeak.Find()
	}
	return err
}

// voices is how many clauses are synthesized at once.
const voices = 2

func (m *Model) openDescriber() (err error) {
	if m.cfg.NoVision {
		return nil
	}
	m.describer, err = camera.Open(m.cfg.ModelsDir, camera.Options{Threads: 1})
	return err
}

// Tokens that a conversation holds. A call of ten minutes fills about half of window. The tiny model's cache takes twice the
// memory a token, and it is for machines with little.
const (
	window     = 4096
	tinyWindow = 1024
)

func (m *Model) openLanguageModel() (err error) {
	report := func(done float32) { m.cfg.Progress("language model", float64(done)) }
	if m.lm, err = llama.LoadModel(m.cfg.LanguageModel, llama.ModelOptions{NoMmap: true, Progress: report}); err != nil {
		return err
	}
	if m.dialect, err = newDialect(m.lm, m.tiny()); err != nil {
		return err
	}
	size := window
	if m.tiny() {
		size = tinyWindow
	}
	if m.engine, err = llama.NewEngine(m.lm, llama.EngineOptions{
		ContextPerSequence: min(size, max(m.lm.ContextTrained(), 512)), Sequences: m.cfg.Calls + 1, Threads: m.cfg.Threads,
		KVType: llama.KVQ8, FlashAttn: llama.FlashOn,
	}); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	m.stop = stop
	m.running.Go(func() { _ = m.engine.Run(ctx) }) // ends with ctx; its errors reach the sequences
	if m.prefix, err = m.engine.NewSequence(); err != nil {
		return err
	}
	head, err := m.head("")
	if err != nil {
		return err
	}
	return m.prefix.Append(ctx, head)
}

// head is how a conversation with these instructions begins; "" means the default ones.
func (m *Model) head(instructions string) ([]int32, error) {
	return m.dialect.head(instructions, m.describer != nil)
}

// tiny says whether the language model is so small that it needs examples in its prompt.
func (m *Model) tiny() bool { return m.lm.NEmbd() < 700 }

// Close stops the language model and frees all parts.
func (m *Model) Close() error {
	var errs []error
	if m.stop != nil {
		if m.prefix != nil {
			m.prefix.Close()
		}
		m.stop()
		m.running.Wait()
	}
	if m.engine != nil {
		errs = append(errs, m.engine.Close())
	}
	if m.lm != nil {
		errs = append(errs, m.lm.Close())
	}
	if m.recognizer != nil {
		m.recognizer.Close()
	}
	if m.voice != nil {
		m.voice.Close()
	}
	if m.describer != nil {
		m.describer.Close()
	}
	return errors.Join(errs...)
}

// Abilities names the parts.
func (m *Model) Abilities() model.Abilities {
	spoken := []string{"en"}
	if m.speaker != nil {
		for _, l := range m.cfg.Languages {
			if l != "en" && m.speaker.Speaks(l) {
				spoken = append(spoken, l)
			}
		}
	}
	return model.Abilities{
		Name: "omnilive-small", Voices: m.voice.Voices(), SpokenLanguages: spoken,
		HeardLanguages: slices.Clone(m.cfg.Languages), Sees: m.describer != nil,
	}
}

// NewConversation begins with the system prompt; the default one is copied, not read again.
func (m *Model) NewConversation(ctx context.Context, o model.Options) (model.Conversation, error) {
	head, err := m.head(o.Instructions)
	if err != nil {
		return nil, err
	}
	seq, err := m.engine.NewSequence()
	if errors.Is(err, llama.ErrBusy) {
		return nil, model.ErrBusy
	}
	if err != nil {
		return nil, err
	}
	c := &Conversation{m: m, opt: o, seq: seq}
	c.life, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	c.mem = memory{seq: seq, window: m.engine.Options().ContextPerSequence}
	c.mem.begin(head)
	if o.Instructions == "" {
		m.mu.Lock()
		err = seq.CopyFrom(m.prefix, m.prefix.Len())
		m.mu.Unlock()
		if err != nil {
			c.Close()
			return nil, err
		}
		c.mem.cached = slices.Clone(c.mem.toks)
	}
	return c, nil
}

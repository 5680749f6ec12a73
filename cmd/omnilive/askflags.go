package main

import (
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"omnilive/model/llama"
	"omnilive/model/omni"
	"omnilive/model/omni/imagedecoder"
	"omnilive/model/omni/prompt"
)

// askFlags are the flags of ask.
type askFlags struct {
	dirs   *folders
	model  string
	inputs []askInput
	out    string
	show   askShow
	voice  askVoice
	draw   askDrawing
	load   askLoading
	answer askAnswer
}

// An askInput is a part of the question as it stands on the command line, in order.
type askInput struct {
	kind rune   // i, a, v: files; t: words
	text string // the file or the words
}

// askShow says what is printed.
type askShow struct{ think, ids, json, quiet bool }

// askVoice says who speaks.
type askVoice struct{ name, like string }

// askDrawing says how a picture is made.
type askDrawing struct {
	ratio, size string
	steps       int
	guidance    float64
	seed        uint64
}

// askLoading says how the checkpoint is loaded.
type askLoading struct {
	quant, llmQuant, cache string
	place                  map[string]string
	threads, context       int
}

// askAnswer says how ids are picked.
type askAnswer struct {
	system      string
	temperature float64
	topP        float64
	seed        uint64
	most, free  int
}

const askUsage = `usage: omnilive ask --model DIR [flags] "question"

Asks a checkpoint in the layout of HyperCLOVAX-SEED-Omni one question, of words, pictures (-i), sounds (-a) and videos (-v)
in the order in which they stand, and prints the answer as it comes. What kind of answer it is follows from -o: a .wav file
for speech, a .png file for a picture, text without it. The exit status is 0 only when that came.

  omnilive ask --model DIR -i picture.png "what is this?"
  omnilive ask --model DIR -v clip.mp4 "what happens?"
  omnilive ask --model DIR -a question.mp3 -o reply.wav --voice-like me.wav
  omnilive ask --model DIR "draw a cat" -o cat.png
  omnilive ask --model DIR -i in.png "make it night" -o out.png

`

// newAskFlags declares the flags of ask.
func newAskFlags(fs *flag.FlagSet) *askFlags {
	f := &askFlags{dirs: folderFlags(fs)}
	fs.Usage = func() { fmt.Fprint(fs.Output(), askUsage); fs.PrintDefaults() }
	fs.StringVar(&f.model, "model", "", "`folder` of the checkpoint")
	for kind, about := range map[rune]string{'i': "a picture: PNG, JPEG, WebP or GIF `file`", 'a': "a sound `file`", 'v': "a video `file`, with its soundtrack"} {
		fs.Func(string(kind), about, func(path string) error { f.inputs = append(f.inputs, askInput{kind, path}); return nil })
	}
	fs.StringVar(&f.out, "o", "", "`file` for the answer: .wav speaks it, .png draws it")
	fs.BoolVar(&f.show.think, "think", false, "let the model reason first, and show it")
	fs.BoolVar(&f.show.ids, "ids", false, "print the ids of the answer's tokens at the end")
	fs.BoolVar(&f.show.json, "json", false, "print events as lines of JSON")
	fs.BoolVar(&f.show.quiet, "quiet", false, "print nothing but the answer")
	fs.StringVar(&f.voice.name, "voice", "", "`name` of the voice that speaks (an unknown one lists them)")
	fs.StringVar(&f.voice.like, "voice-like", "", "speak like the one in this sound `file`")
	fs.StringVar(&f.draw.ratio, "ratio", "", "shape of the picture, as `4:3` (default: that of the first -i, else the model's choice)")
	fs.StringVar(&f.draw.size, "size", "", "`WxH` of the picture in pixels (default: that of the ratio)")
	fs.IntVar(&f.draw.steps, "steps", 50, "steps of the image decoder")
	fs.Float64Var(&f.draw.guidance, "guidance", imagedecoder.Standard().Guidance, "guidance of the image decoder")
	fs.Uint64Var(&f.draw.seed, "noise-seed", 0, "seed of the picture's noise")
	f.answer.declare(fs)
	f.load.declare(fs)
	return f
}

func (a *askAnswer) declare(fs *flag.FlagSet) {
	fs.StringVar(&a.system, "system", "", "system `text`")
	fs.Float64Var(&a.temperature, "temperature", 0, "0 always takes the likeliest token")
	fs.Float64Var(&a.topP, "top-p", 0, "choose among the likeliest tokens of this probability together; 0 means all")
	fs.Uint64Var(&a.seed, "seed", 0, "seed of the choices")
	fs.IntVar(&a.most, "max-tokens", 0, "the most tokens of the answer (default: 2048, more for speech)")
	fs.IntVar(&a.free, "free", 0, "take `N` tokens out of all, whatever they come to: for comparisons")
}

func (l *askLoading) declare(fs *flag.FlagSet) {
	fs.StringVar(&l.quant, "quant", "auto", "type of the networks' matrices in memory: f32, f16, bf16, q8_0; auto is the first of f32, bf16 and q8_0 that fits")
	fs.StringVar(&l.llmQuant, "llm-quant", "auto", "the same for the language model: f32, f16, bf16, q8_0, q4_0")
	placeFlag(fs, &l.place)
	fs.StringVar(&l.cache, "cache-dir", "", "`folder` where the converted language model is kept (default: converted, below --models-dir)")
	fs.IntVar(&l.threads, "threads", max(1, runtime.NumCPU()-1), "threads of the networks")
	fs.IntVar(&l.context, "context", 0, "positions of the window (default: what the question and the answer take)")
}

// parse reads the command line. Flags and words may follow one another in any order; behind -- there are only words.
func (f *askFlags) parse(fs *flag.FlagSet, args []string) error {
	var words []string
	if at := slices.Index(args, "--"); at >= 0 {
		args, words = args[:at], args[at+1:]
	}
	for {
		if err := fs.Parse(args); err != nil {
			return err
		}
		if fs.NArg() == 0 {
			break
		}
		f.inputs = append(f.inputs, askInput{'t', fs.Arg(0)})
		args = fs.Args()[1:]
	}
	for _, w := range words {
		f.inputs = append(f.inputs, askInput{'t', w})
	}
	if f.load.cache == "" {
		f.load.cache = filepath.Join(f.dirs.models, "converted")
	}
	return f.check()
}

// check refuses what contradicts itself before anything is read.
func (f *askFlags) check() error {
	want, err := f.want()
	switch {
	case err != nil:
		return err
	case f.model == "":
		return errors.New("ask: name the checkpoint's folder with --model")
	case len(f.inputs) == 0:
		return errors.New("ask: there is no question: give words, -i, -a or -v")
	case f.voice.name != "" && f.voice.like != "":
		return errors.New("ask: --voice and --voice-like exclude one another")
	case (f.voice.name != "" || f.voice.like != "") && want != omni.WantSpeech:
		return errors.New("ask: a voice is for speech: name a .wav file with -o")
	case f.show.think && want != omni.WantText:
		return errors.New("ask: --think is for answers of text")
	case f.answer.free < 0 || f.answer.most < 0 || f.load.context < 0 || f.load.threads < 1:
		return errors.New("ask: counts must not be negative")
	}
	return nil
}

// want is the kind of answer that -o asks for.
func (f *askFlags) want() (omni.Want, error) {
	switch ext := strings.ToLower(filepath.Ext(f.out)); {
	case f.out == "":
		return omni.WantText, nil
	case ext == ".wav":
		return omni.WantSpeech, nil
	case ext == ".png":
		return omni.WantPicture, nil
	}
	return 0, fmt.Errorf("ask: -o %s: want a .wav file for speech or a .png file for a picture", f.out)
}

// request is the question, its inputs aside.
func (f *askFlags) request() (q omni.Request, err error) {
	if q.Want, err = f.want(); err != nil {
		return q, err
	}
	q.System, q.Thinking = f.answer.system, f.show.think
	if f.draw.ratio != "" {
		if q.Size, err = parseRatio(f.draw.ratio); err != nil {
			return q, err
		}
	}
	q.Answer.Sampling = llama.Sampling{Temperature: f.answer.temperature, TopP: f.answer.topP, Seed: f.answer.seed}
	q.Answer.MaxTokens, q.Answer.Free = f.answer.most, f.answer.free
	if q.Answer.MaxTokens == 0 {
		q.Answer.MaxTokens = map[omni.Want]int{omni.WantText: 2048, omni.WantSpeech: 3200, omni.WantPicture: 2048}[q.Want]
	}
	return q, nil
}

// parseRatio reads "4:3".
func parseRatio(text string) (r prompt.Ratio, err error) {
	if n, err := fmt.Sscanf(text, "%d:%d", &r.Width, &r.Height); n != 2 || err != nil || r.Width < 1 || r.Height < 1 || r.String() != text {
		return r, fmt.Errorf("--ratio %q: want two numbers, as 4:3", text)
	}
	return r, nil
}

// decoding is how the image decoder works.
func (d *askDrawing) decoding() (o imagedecoder.Options, err error) {
	o = imagedecoder.Options{Steps: d.steps, Guidance: d.guidance, Seed: d.seed}
	if d.size == "" {
		return o, nil
	}
	if n, err := fmt.Sscanf(d.size, "%dx%d", &o.Width, &o.Height); n != 2 || err != nil || o.Width < 1 || o.Height < 1 {
		return o, fmt.Errorf("--size %q: want width and height, as 768x512", d.size)
	}
	return o, nil
}

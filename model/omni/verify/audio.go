package verify

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"omnilive/model/checkpoint"
	"omnilive/model/mel"
	"omnilive/model/omni/audio"
)

// soundCases is what cases.json says of sounds.
type soundCases struct {
	Cases map[string]struct {
		Sound  string `json:"wav"`
		Mel    string `json:"mel"`
		Frames []int  `json:"mask_frames"`
		States []int  `json:"feat"`
		Rows   []int  `json:"tokens_per_piece"`
	} `json:"cases"`
	Lengths []struct {
		Samples    int   `json:"samples"`
		Frames     []int `json:"mask_frames"`
		States     []int `json:"feat"`
		Rows       []int `json:"tokens_per_piece"`
		Tokens     int   `json:"tokens"`
		Compressed int   `json:"compressed"`
	} `json:"lengths"`
	Tolerance map[string]float64 `json:"tolerance"`
}

// audioFrontend checks the spectrogram of every piece and the table of lengths.
func audioFrontend(_ context.Context, r *Run) error {
	var config struct {
		Bands  int `json:"feature_size"`
		Hop    int `json:"hop_length"`
		Window int `json:"n_fft"`
		Piece  int `json:"n_samples"`
		Rate   int `json:"sampling_rate"`
	}
	var cases soundCases
	if err := errors.Join(r.Config(&config), r.JSON("cases.json", &cases)); err != nil {
		return err
	}
	o := mel.Whisper(config.Bands)
	o.Rate, o.Window, o.Hop, o.Mirror = config.Rate, config.Window, config.Hop, config.Window/2
	e, err := mel.New(o)
	if err != nil {
		return err
	}
	if config.Piece < 1 || config.Piece > 1<<24 {
		return fmt.Errorf("n_samples is %d", config.Piece)
	}
	for _, name := range r.Cases() {
		samples, err := readSound(filepath.Join(r.Dir, filepath.Base(cases.Cases[name].Sound)))
		if err != nil {
			return err
		}
		for i := 0; len(samples) > 0; i++ {
			n := min(config.Piece, len(samples))
			if err := frontendPiece(r, e, fmt.Sprintf("%s.piece%d.", name, i), samples[:n], config.Piece, cases.Tolerance["mel"]); err != nil {
				return err
			}
			samples = samples[n:]
		}
	}
	soundLengths(r, cases)
	return r.Err()
}

// frontendPiece compares the stored columns and the value of all others.
func frontendPiece(r *Run, e *mel.Extractor, name string, samples []float32, piece int, limit float64) error {
	rows, rest, err := e.Padded(samples, piece)
	if err != nil {
		return err
	}
	shape := r.Shape(name + "mel")
	if len(shape) != 2 || shape[0] != int64(e.Options().Bands) {
		return fmt.Errorf("stored tensor %q has shape %v", name+"mel", shape)
	}
	for n := int(shape[0] * shape[1]); len(rows) < n; {
		rows = append(rows, rest)
	}
	r.NearBy(name+"mel", byBand(rows[:shape[0]*shape[1]], int(shape[0])), limit)
	if pad := name + "pad_value"; r.Has(pad) {
		r.NearBy(pad, []float32{rest}, limit)
	}
	return nil
}

// soundLengths compares the table of lengths, whose pieces are of 30 s.
func soundLengths(r *Run, cases soundCases) {
	c := audio.Config{Audio: audio.Shape{Positions: 1500}}
	for _, want := range cases.Lengths {
		frames, states, rows := c.Lengths(want.Samples)
		what, n := fmt.Sprintf("lengths of %d samples", want.Samples), c.Rows(want.Samples)
		got := fmt.Sprint(frames, states, rows, n, (n+24)/25)
		r.Text(what, got, fmt.Sprint(want.Frames, want.States, want.Rows, want.Tokens, want.Compressed))
	}
}

// audioModel checks the encoder and the projector, from stored spectrograms and from the sounds themselves.
func audioModel(ctx context.Context, r *Run) error {
	var config audio.Config
	var cases soundCases
	if err := errors.Join(r.Config(&config), r.JSON("cases.json", &cases)); err != nil {
		return err
	}
	src, err := r.Source()
	if err != nil {
		return err
	}
	p := checkpoint.NewPlan(src)
	e := audio.Declare(p.At("model."), config, r.Backend)
	defer e.Close()
	w, err := p.Load(ctx, checkpoint.Options{Backend: r.Backend, Type: r.Type})
	if err != nil {
		return err
	}
	defer w.Close()
	for _, name := range r.Cases() {
		folder, sound, ok := strings.Cut(cases.Cases[name].Mel, " ")
		if !ok {
			return fmt.Errorf("%s: mel is %q", name, cases.Cases[name].Mel)
		}
		a := audioCase{r: r, e: e, name: name, limits: cases.Tolerance, frames: cases.Cases[name].Frames}
		if err := a.check(ctx, filepath.Join(filepath.Dir(filepath.Clean(r.Dir)), filepath.Base(folder)), sound); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return r.Err()
}

// An audioCase is one sound of audio_model.
type audioCase struct {
	r      *Run
	e      *audio.Encoder
	name   string
	limits map[string]float64
	frames []int
}

// check encodes what folder holds of the sound.
func (a *audioCase) check(ctx context.Context, folder, sound string) error {
	stages := map[string][]float32{}
	a.r.Backend.Observe(func(stage string, values []float32) { stages[stage] = append(stages[stage], values...) })
	defer a.r.Backend.Observe(nil)
	stored, err := checkpoint.Open(filepath.Join(folder, "cases.safetensors"))
	if err != nil {
		return err
	}
	defer stored.Close()
	var projected []float32
	for i, frames := range a.frames {
		s, err := a.spectrogram(stored, fmt.Sprintf("%s.piece%d.", sound, i), frames)
		if err != nil {
			return err
		}
		rows, err := a.e.Understand(ctx, s)
		if err != nil {
			return err
		}
		projected = append(projected, rows...)
	}
	a.compare(stages)
	a.r.NearBy(a.name+".projected", projected, a.limits["projected"])
	samples, err := readSound(filepath.Join(folder, filepath.Base(sound)+".wav"))
	if err != nil {
		return err
	}
	rows, err := a.e.Encode(ctx, samples)
	if err != nil {
		return err
	}
	a.r.Values(a.name+".projected, from the sound", rows, a.r.Floats(a.name+".projected"), a.limits["from_wav"])
	return nil
}

// spectrogram reads the stored one of a piece.
func (a *audioCase) spectrogram(stored checkpoint.Source, name string, frames int) (audio.Spectrogram, error) {
	columns, err := checkpoint.Floats(stored, name+"mel")
	if err != nil {
		return audio.Spectrogram{}, err
	}
	bands := a.e.Config().Audio.Bands
	if len(columns)%bands != 0 {
		return audio.Spectrogram{}, fmt.Errorf("stored tensor %q: not %d bands", name+"mel", bands)
	}
	s := audio.Spectrogram{Frames: byBand(columns, len(columns)/bands), Audible: frames}
	if rest, err := checkpoint.Floats(stored, name+"pad_value"); err == nil && len(rest) == 1 {
		s.Rest = rest[0]
	}
	return s, nil
}

// compare compares the stages that are stored. Of states the reference also stored some of padding, which are not computed here.
func (a *audioCase) compare(stages map[string][]float32) {
	names := a.r.Names()
	slices.Sort(names)
	for _, name := range names {
		stage, of := strings.CutPrefix(name, a.name+".")
		got, there := stages[stage]
		if !of || !there {
			continue
		}
		want := a.r.Floats(name)
		if stage != "encoder" {
			want = want[:min(len(got), len(want))]
		}
		a.r.Values(name, got, want, a.limits["encoder"])
	}
}

// readSound reads a WAV file of 16-bit mono as stored with the cases.
func readSound(path string) ([]float32, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for at := 12; at+8 <= len(b) && string(b[:4]) == "RIFF"; {
		n := int(binary.LittleEndian.Uint32(b[at+4:]))
		if string(b[at:at+4]) == "data" {
			data := b[at+8 : min(at+8+n, len(b))]
			samples := make([]float32, len(data)/2)
			for i := range samples {
				samples[i] = float32(int16(binary.LittleEndian.Uint16(data[2*i:]))) / 32768
			}
			return samples, nil
		}
		at += 8 + (n+1)&^1
	}
	return nil, fmt.Errorf("%s: no sound in it", path)
}

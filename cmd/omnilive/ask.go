package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"omnilive/media"
	"omnilive/model/llama"
	"omnilive/model/omni"
	"omnilive/model/omni/imagedecoder"
	"omnilive/model/omni/prompt"
	"omnilive/model/picture"
)

// runAsk is the subcommand ask.
func runAsk(ctx context.Context, args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("ask", flag.ContinueOnError)
	f := newAskFlags(fs)
	if err := f.parse(fs, args); err != nil {
		return err
	}
	return f.ask(ctx, stdout, os.Stderr)
}

// asking is a question under way.
type asking struct {
	f      *askFlags
	folder *omni.Folder
	model  *omni.Model
	q      omni.Request
	out    *askPrinter
	voice  omni.Voice    // that --voice or --voice-like names, else the zero one
	info   string        // who speaks, as the answer says it
	units  []int32       // of speech
	drawn  *prompt.Event // the picture
	first  string        // the first sound file of the question
	decode imagedecoder.Options
}

// ask asks and brings what was wanted, or an error that says why not.
func (f *askFlags) ask(ctx context.Context, stdout, stderr io.Writer) (err error) {
	a := &asking{f: f, out: newAskPrinter(stdout, stderr, f.show)}
	if a.q, err = f.request(); err != nil {
		return err
	}
	if a.decode, err = f.draw.decoding(); err != nil {
		return err
	}
	if err := llama.Open(f.dirs.llama()); err != nil {
		return err
	}
	if a.folder, err = omni.OpenFolder(f.model); err != nil {
		return err
	}
	defer a.folder.Close()
	if err := a.able(); err != nil {
		return err
	}
	if err := a.read(ctx); err != nil {
		return err
	}
	if a.model, err = f.load.open(ctx, a.folder, a.q, a.out.loading); err != nil {
		return err
	}
	defer a.model.Close()
	if err := a.choose(ctx); err != nil {
		return err
	}
	return a.answer(ctx)
}

// able checks before anything is loaded that the answer can be made and kept.
func (a *asking) able() error {
	f := a.f
	if err := a.folder.Can(a.q.Want, f.voice.like != ""); err != nil {
		return fmt.Errorf("ask: -o %s: %w", f.out, err)
	}
	if f.out != "" {
		if st, err := os.Stat(filepath.Dir(f.out)); err != nil || !st.IsDir() {
			return fmt.Errorf("ask: -o %s: there is no such folder", f.out)
		}
	}
	if f.voice.name == "" {
		return nil
	}
	names, err := a.folder.Speakers()
	if err != nil {
		return err
	}
	for _, n := range names {
		if n == f.voice.name {
			return nil
		}
	}
	return fmt.Errorf("ask: no voice %.40q: this checkpoint has %s", f.voice.name, strings.Join(names, ", "))
}

// choose takes the voice that the command line names.
func (a *asking) choose(ctx context.Context) (err error) {
	switch v := a.f.voice; {
	case v.like != "":
		pcm, err := media.ReadSoundFile(ctx, v.like, media.OutputRate, mostSound)
		if err != nil {
			return fmt.Errorf("--voice-like: %w", err)
		}
		a.q.Info = `{"is_ref_audio": true}`
		a.voice, err = a.model.VoiceLike(ctx, pcm)
		return err
	case v.name != "":
		a.q.Info = voiceInfo(v.name)
		a.voice, err = a.model.Voice(ctx, v.name)
	}
	return err
}

// voiceInfo is what an answer says of a voice, whose name begins with its gender.
func voiceInfo(name string) string {
	if gender := strings.ToLower(name[:1]); gender == "f" || gender == "m" {
		return `{"gender": "` + gender + `"}`
	}
	return "{}"
}

// answer goes through the answer and makes what was wanted of it.
func (a *asking) answer(ctx context.Context) error {
	a.q.Answer.Taken = a.out.taken
	a.out.side = a.model.Vocabulary.Side
	var broken error
	for e, err := range a.model.Ask(ctx, a.q) {
		if err != nil {
			broken = err
			break
		}
		a.take(e)
		a.out.event(e)
	}
	a.out.finish()
	if broken != nil && !errors.Is(broken, omni.ErrLength) {
		return broken
	}
	switch a.q.Want {
	case omni.WantSpeech:
		return errors.Join(a.speak(ctx), broken)
	case omni.WantPicture:
		return a.paint(ctx)
	}
	if broken != nil {
		a.out.note("%v: see --max-tokens", broken)
	}
	if !a.out.said && a.q.Answer.Free == 0 {
		return errors.New("no words came")
	}
	return nil
}

// take keeps what the decoders want of an event.
func (a *asking) take(e prompt.Event) {
	switch e.Kind {
	case prompt.SpeakerInfo:
		a.info = e.Text
	case prompt.Unit:
		a.units = append(a.units, e.Code)
	case prompt.Picture:
		a.drawn = &e
	}
}

// speak makes sound of the units and writes it.
func (a *asking) speak(ctx context.Context) (err error) {
	if len(a.units) == 0 {
		return errors.New("no speech came")
	}
	voice := a.voice
	if a.f.voice == (askVoice{}) {
		var like []float32
		if a.first != "" && a.model.Clones() {
			like, _ = media.ReadSoundFile(ctx, a.first, media.OutputRate, mostSound)
		}
		if voice, err = a.model.VoiceFor(ctx, a.info, like); err != nil {
			return err
		}
	}
	pcm, err := a.model.Speak(ctx, a.units, voice)
	if err != nil {
		return err
	}
	return a.write(fmt.Sprintf("%.2f s of speech", float64(len(pcm))/media.OutputRate), func(w io.Writer) error {
		return media.WriteWAV(w, pcm, media.OutputRate)
	})
}

// paint makes a picture of the codes and writes it.
func (a *asking) paint(ctx context.Context) error {
	if a.drawn == nil {
		return errors.New("no picture came")
	}
	a.decode.Progress = func(s imagedecoder.Step) { a.out.step(s.Done, s.Steps) }
	p, err := a.model.Draw(ctx, a.drawn.Codes, a.drawn.Ratio, a.decode)
	a.out.clear()
	if err != nil {
		return err
	}
	png, err := picture.EncodePNG(p)
	if err != nil {
		return err
	}
	return a.write(fmt.Sprintf("a picture of %dx%d", p.Width, p.Height), func(w io.Writer) error {
		_, err := w.Write(png)
		return err
	})
}

// write makes the file of -o, which appears whole or not at all.
func (a *asking) write(what string, fill func(io.Writer) error) error {
	path := a.f.out
	temporary, err := os.CreateTemp(filepath.Dir(path), ".ask-*")
	if err != nil {
		return err
	}
	err = errors.Join(fill(temporary), temporary.Chmod(0o644), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	a.out.saved(path, what)
	return nil
}

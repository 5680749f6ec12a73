package convert

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"omnilive/model/checkpoint"
	"omnilive/model/gguf"
	"omnilive/model/omni"
	"omnilive/model/omni/imagedecoder"
)

// plan decides what to write, and refuses a checkpoint with anything missing or misshapen, with the whole list.
func (r *run) plan() error {
	there := map[string]bool{}
	for _, t := range r.f.Source.Tensors() {
		there[omni.ComponentOf(t.Name)] = true
	}
	var names []string
	for _, c := range omni.Components {
		if there[c.Name] {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return errors.New("no component of the model is in it")
	}
	p := r.f.Declare(names...)
	wrong := []error{p.Err()}
	uses := p.Uses()
	for _, name := range names {
		if name == omni.LanguageModel {
			r.jobs = append(r.jobs, r.languageJob())
			continue
		}
		r.jobs = append(r.jobs, r.job(name, name+".gguf", "model."+name+".", "model."+name+".", r.f.Source, uses))
	}
	weights, err := checkpoint.Files(r.f.Dir)
	if err != nil {
		return err
	}
	for _, name := range weights {
		r.files[name] = true
	}
	for _, name := range []string{omni.NamedVoices, omni.ClonedVoice} {
		wrong = append(wrong, r.planVocoder(name))
	}
	wrong = append(wrong, r.planImages())
	if err := errors.Join(wrong...); err != nil {
		return fmt.Errorf("it is not whole:\n%w", err)
	}
	return r.planCopies()
}

// planVocoder adds an archive of decoder/audio where it is there.
func (r *run) planVocoder(name string) error {
	src, err := r.f.OpenVocoder(name)
	if absent := (*omni.AbsentError)(nil); errors.As(err, &absent) {
		return nil
	}
	if err != nil {
		return err
	}
	r.closes = append(r.closes, src.Close)
	config, err := src.Config()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	p := checkpoint.NewPlan(src)
	if _, _, err := omni.DeclareVocoder(p, config, name == omni.ClonedVoice, nil); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := p.Err(); err != nil {
		return fmt.Errorf("%s:\n%w", name, err)
	}
	speakers, err := src.Speakers()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	j := r.job(Vocoder, omni.ConvertedVocoder(name), "", "", src, p.Uses())
	j.config = config
	if len(speakers) > 0 {
		j.values = append(j.values, gguf.Value{Key: omni.KeySpeakers, Data: speakers})
	}
	r.jobs = append(r.jobs, j)
	r.files[name] = true
	return nil
}

// planImages adds the parts of decoder/vision where it is there.
func (r *run) planImages() error {
	dir := filepath.Join(r.f.Dir, filepath.FromSlash(omni.ImageDecoder))
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	c, err := imagedecoder.ReadConfig(dir)
	if err != nil {
		return err
	}
	src, err := imagedecoder.OpenSource(dir, c)
	if err != nil {
		return err
	}
	r.closes = append(r.closes, src.Close)
	p := checkpoint.NewPlan(src)
	imagedecoder.Declare(p, src, c, nil)
	if err := p.Err(); err != nil {
		return fmt.Errorf("%s:\n%w", omni.ImageDecoder, err)
	}
	uses := p.Uses()
	for _, part := range c.Parts() {
		files, err := checkpoint.Files(filepath.Join(dir, part))
		if err != nil {
			return err
		}
		for _, f := range files {
			r.files[path.Join(omni.ImageDecoder, part, f)] = true
		}
		j := r.job(ImageDecoder, path.Join(omni.ImageDecoder, part, "model.gguf"), part+".", "", src, uses)
		if j.config, err = os.ReadFile(filepath.Join(dir, part, "config.json")); err != nil {
			return err
		}
		r.jobs = append(r.jobs, j)
	}
	return nil
}

// What is copied: everything but weights, programs and papers.
const (
	maxCopy   = 64 << 20
	maxCopies = 10000
)

var notCopied = []string{".bin", ".pt", ".pth", ".ckpt", ".onnx", ".gguf", ".mar", ".py", ".pyc", ".pdf", gguf.Unfinished}

// planCopies lists the files of the folder that are no weights. Links to folders are not followed.
func (r *run) planCopies() error {
	out, _ := filepath.Abs(r.o.Out)
	return filepath.WalkDir(r.f.Dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if abs, _ := filepath.Abs(name); abs == out || d.IsDir() && strings.HasPrefix(d.Name(), ".") && name != r.f.Dir {
			return fs.SkipDir
		}
		rel, err := filepath.Rel(r.f.Dir, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		skip := r.files[rel] || slices.Contains(notCopied, strings.ToLower(path.Ext(rel))) || strings.HasPrefix(d.Name(), ".") ||
			strings.HasSuffix(rel, ".safetensors.index.json") || rel == omni.ManifestFile || rel == omni.UnfinishedFile
		if d.IsDir() || skip {
			return nil
		}
		st, err := os.Stat(name)
		if err != nil {
			return err
		}
		if !st.Mode().IsRegular() || st.Size() > maxCopy {
			return nil
		}
		if len(r.copies) >= maxCopies {
			return fmt.Errorf("more than %d files: this is not only a checkpoint", maxCopies)
		}
		r.copies = append(r.copies, rel)
		return nil
	})
}

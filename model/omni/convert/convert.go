package convert

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"omnilive/model/ggml"
	"omnilive/model/omni"
)

// Options say where to and how.
type Options struct {
	Out      string               // the folder to write; it is made
	Type     ggml.Type            // of matrices, one of omni.KeepableTypes
	Types    map[string]ggml.Type // the same for single components, see Names
	Progress func(Progress)       // called from Convert; may be nil
}

// A Progress says how far a conversion is.
type Progress struct {
	Stage       string // "hash", "convert", "check"
	Name        string // of the file under way
	Done, Total int64  // bytes read, of the whole stage
}

// The names of what lies beside the eight components.
const (
	Vocoder      = "vocoder"
	ImageDecoder = "image_decoder"
)

// Names returns the names that a type may be given for.
func Names() []string {
	var names []string
	for _, c := range omni.Components {
		names = append(names, c.Name)
	}
	return append(names, Vocoder, ImageDecoder)
}

func (o *Options) kept(component string) ggml.Type {
	if t, ok := o.Types[component]; ok {
		return t
	}
	return o.Type
}

// Convert writes the checkpoint in the folder dir to o.Out. It returns what it wrote, and with that nil where it found the
// same conversion there already. Cut off by ctx or by anything else, it goes on from there when it is called again.
func Convert(ctx context.Context, dir string, o Options) (*omni.Manifest, error) {
	m, err := convert(ctx, dir, o)
	if err != nil {
		return nil, fmt.Errorf("convert %s: %w", dir, err)
	}
	return m, nil
}

func convert(ctx context.Context, dir string, o Options) (*omni.Manifest, error) {
	if err := o.check(dir); err != nil {
		return nil, err
	}
	f, err := omni.OpenFolder(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.Made != nil {
		return nil, errors.New("it is converted already: convert from the checkpoint as it was published")
	}
	r := &run{f: f, o: o, files: map[string]bool{}}
	defer r.close()
	if err := r.plan(); err != nil {
		return nil, err
	}
	if err := r.open(); err != nil {
		return nil, err
	}
	return r.all(ctx)
}

func (o *Options) check(dir string) error {
	if o.Out == "" {
		return errors.New("no folder to write to")
	}
	known := map[string]bool{}
	for _, n := range Names() {
		known[n] = true
	}
	for n := range maps.Keys(o.Types) {
		if !known[n] {
			return fmt.Errorf("no component %.40q: there are %v", n, Names())
		}
	}
	from, err1 := os.Stat(dir)
	to, err2 := os.Stat(o.Out)
	if err1 == nil && err2 == nil && os.SameFile(from, to) {
		return errors.New("the folder to write is the checkpoint itself: name another one")
	}
	return nil
}

// A run is one conversion under way.
type run struct {
	f      *omni.Folder
	o      Options
	jobs   []*job
	copies []string        // of what is no weight, below the folder
	files  map[string]bool // that are weights, below the folder
	mark   *marker
	hash   string
	closes []func() error
	done   int64
	total  int64
}

func (r *run) close() {
	for _, c := range r.closes {
		_ = c()
	}
}

// all does the work, the plan being made and the folder being ours.
func (r *run) all(ctx context.Context) (*omni.Manifest, error) {
	sources, err := r.sources(ctx)
	if err != nil {
		return nil, err
	}
	old, _ := omni.ParseManifest(r.o.Out)
	m := &omni.Manifest{Version: omni.ManifestVersion, Source: r.hash, Kept: r.types(), Sources: sources}
	if old != nil && (old.Source != m.Source || !maps.Equal(old.Kept, m.Kept)) {
		return nil, fmt.Errorf("%s holds another conversion (%v): name another folder, or remove that one", r.o.Out, old.Kept)
	}
	if whole, err := omni.ReadManifest(r.o.Out); err == nil && whole != nil {
		return whole, r.mark.remove()
	}
	if err := remove(filepath.Join(r.o.Out, omni.ManifestFile)); err != nil {
		return nil, err
	}
	if err := r.room(); err != nil {
		return nil, err
	}
	for _, j := range r.jobs {
		if err := j.write(ctx, r); err != nil {
			return nil, fmt.Errorf("%s: %w", j.name, err)
		}
	}
	for _, name := range r.copies {
		if err := r.copy(ctx, name); err != nil {
			return nil, fmt.Errorf("copy %s: %w", name, err)
		}
	}
	return m, r.finish(ctx, m)
}

// types says how everything that is there is kept.
func (r *run) types() map[string]string {
	types := map[string]string{}
	for _, j := range r.jobs {
		types[j.component] = r.o.kept(j.component).String()
	}
	return types
}

func remove(path string) error {
	err := os.Remove(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// tell reports n more bytes of a stage.
func (r *run) tell(stage, name string, n int64) {
	r.done += n
	if r.o.Progress != nil {
		r.o.Progress(Progress{Stage: stage, Name: name, Done: r.done, Total: r.total})
	}
}

// stage begins a stage of total bytes.
func (r *run) stage(total int64) { r.done, r.total = 0, total }

package omni

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"omnilive/model/checkpoint"
	"omnilive/model/omni/prompt"
)

// A Model is the networks of a checkpoint in memory.
type Model struct {
	Vocabulary *prompt.Vocabulary

	folder   *Folder
	o        Options
	stations map[string]*station // by device
	weights  []*checkpoint.Weights
	nets     *networks
	language *languageModel
	voices   *voices
	painter  *painter
	hush     hush
}

// Load reads the folder's networks. Whatever is missing or misshapen is listed before any memory is taken. The folder must
// stay open until Close.
func Load(ctx context.Context, f *Folder, o Options) (*Model, error) {
	if o.Threads == 0 {
		o.Threads = max(1, runtime.GOMAXPROCS(0)-1)
	}
	if o.Engine.Threads == 0 {
		o.Engine.Threads = o.Threads
	}
	vocabulary, err := f.Vocabulary()
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", f.Dir, err)
	}
	if err := f.complete(o.Partial); err != nil {
		return nil, fmt.Errorf("load model %s: %w", f.Dir, err)
	}
	if o.Place, err = f.place(o); err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	m := &Model{Vocabulary: vocabulary, folder: f, o: o, nets: &networks{}}
	m.voices, m.painter = &voices{m: m}, newPainter(m)
	if m.stations, err = openStations(o); err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	if err := m.load(ctx); err != nil {
		m.Close()
		return nil, fmt.Errorf("load model %s: %w", f.Dir, err)
	}
	return m, nil
}

// complete checks all components against the config.
func (f *Folder) complete(partial bool) error {
	var there []string
	var wrong []error
	for _, c := range Components {
		if f.has(c.Name) {
			there = append(there, c.Name)
		} else if !partial && !(c.Name == LanguageModel && f.converted()) {
			wrong = append(wrong, fmt.Errorf("component %s is missing", c.Name))
		}
	}
	if len(there) > 0 {
		wrong = append(wrong, f.Declare(there...).Err())
	}
	return errors.Join(wrong...)
}

// load reads each network by itself, so that each may be kept in its own type.
func (m *Model) load(ctx context.Context) error {
	for _, c := range Components {
		if c.Name == LanguageModel || c.Name == VisionProjector || c.Name == AudioProjector || !m.folder.has(c.Name) {
			continue // the projectors come with their encoders
		}
		p := checkpoint.NewPlan(m.folder.Source)
		b := m.at(c.Name).backend
		n := m.folder.declare(p, b, func(name string) bool { return name == c.Name })
		w, err := p.Load(ctx, checkpoint.Options{Backend: b, Type: m.o.kept(c.Name), Progress: m.o.progress(c.Name)})
		if err != nil {
			return err
		}
		m.weights = append(m.weights, w)
		m.nets.take(n)
	}
	var err error
	m.language, err = m.openLanguage(ctx)
	return err
}

// take adds what has been loaded.
func (n *networks) take(o *networks) {
	if o.vision != nil {
		n.vision = o.vision
	}
	if o.audio != nil {
		n.audio = o.audio
	}
	if o.compressor != nil {
		n.compressor = o.compressor
	}
	if o.images != nil {
		n.images = o.images
	}
	if o.speech != nil {
		n.speech = o.speech
	}
}

// Close frees everything; no window may be in use. It is safe to call it twice.
func (m *Model) Close() {
	if m.language != nil {
		m.language.close()
	}
	m.voices.close()
	m.painter.close()
	m.nets.close()
	for _, w := range m.weights {
		w.Close()
	}
	m.weights, m.nets, m.language = nil, &networks{}, nil
	closeStations(m.stations)
	m.stations = nil
}

package omni

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"omnilive/model/llama"
	"omnilive/model/omni/language"
)

// languageFile is the name of a converted language model in a model's folder.
const languageFile = LanguageModel + ".gguf"

// converted tells whether the folder holds its language model as libllama loads it.
func (f *Folder) converted() bool {
	st, err := os.Stat(filepath.Join(f.Dir, languageFile))
	return err == nil && st.Mode().IsRegular()
}

// languageModel is the language model with the goroutine that runs it.
type languageModel struct {
	model  *llama.Model
	engine *llama.Engine
	stop   context.CancelFunc
	runs   sync.WaitGroup
	remove string // a temporary folder, "" for none
}

// openLanguage opens the language model, after converting it where the folder holds it as it was published.
func (m *Model) openLanguage(ctx context.Context) (*languageModel, error) {
	l := &languageModel{}
	path := filepath.Join(m.folder.Dir, languageFile)
	if !m.folder.converted() {
		var err error
		if path, l.remove, err = m.convertLanguage(ctx); err != nil {
			return nil, err
		}
	}
	if err := l.open(path, m.o); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *languageModel) open(path string, o Options) (err error) {
	progress := o.progress(LanguageModel)
	load := llama.ModelOptions{Device: o.Place[LanguageModel]}
	if progress != nil {
		load.Progress = func(done float32) { progress(int64(1000*done), 1000) }
	}
	if l.model, err = llama.LoadModel(path, load); err != nil {
		return err
	}
	if l.engine, err = llama.NewEngine(l.model, o.Engine); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.runs.Go(func() { _ = l.engine.Run(ctx) })
	return nil
}

func (l *languageModel) close() {
	if l.stop != nil {
		l.stop()
		l.runs.Wait()
	}
	if l.engine != nil {
		_ = l.engine.Close()
	}
	if l.model != nil {
		_ = l.model.Close()
	}
	if l.remove != "" {
		os.RemoveAll(l.remove)
	}
	l.stop, l.engine, l.model, l.remove = nil, nil, nil, ""
}

// convertLanguage writes the language model as libllama loads it, into the cache, where it is found the next time.
func (m *Model) convertLanguage(ctx context.Context) (path, remove string, err error) {
	kept := m.o.kept(LanguageModel)
	dir := m.o.Cache
	if dir == "" {
		if dir, err = os.MkdirTemp("", "omnilive-"); err != nil {
			return "", "", err
		}
		remove = dir
	} else if err = os.MkdirAll(dir, 0o755); err != nil {
		return "", "", err
	}
	path = filepath.Join(dir, fmt.Sprintf("%s-%s-%v.gguf", LanguageModel, m.folder.fingerprint()[:16], kept))
	if _, err := os.Stat(path); err == nil {
		return path, remove, nil
	}
	err = language.Convert(ctx, m.folder.Source, m.folder.Config.Language, path, language.Options{
		Type: kept, Progress: m.o.progress("converting " + LanguageModel),
	})
	if err != nil {
		return "", "", errors.Join(err, os.RemoveAll(remove))
	}
	return path, remove, nil
}

// fingerprint tells checkpoints apart without reading their weights: the config, and the names, sizes and times of the files.
func (f *Folder) fingerprint() string {
	h := sha256.New()
	h.Write(f.Text)
	entries, _ := os.ReadDir(f.Dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			fmt.Fprintln(h, e.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

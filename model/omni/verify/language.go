package verify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"omnilive/model/ggml"
	"omnilive/model/gguf"
	"omnilive/model/llama"
	"omnilive/model/omni/language"
)

// languageModel checks the logits of every position: ids and embeddings, one at a time and in one prompt, from position
// 0 and from wherever a case begins. What lies between, the hidden states, stays inside libllama.
func languageModel(ctx context.Context, r *Run) error {
	engine, done, err := r.openLanguage(ctx, 4096)
	if err != nil {
		return err
	}
	defer done()
	var info struct {
		Tolerance map[string]float64 `json:"tolerance"`
	}
	if err := r.JSON("cases.json", &info); err != nil {
		return err
	}
	for _, name := range r.Cases() {
		limit, own := info.Tolerance[name]
		if !own {
			limit = info.Tolerance["logits"]
		}
		if err := r.languageCase(ctx, engine, name, limit); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// languageCase feeds one case position by position.
func (r *Run) languageCase(ctx context.Context, e *llama.Engine, name string, limit float64) error {
	var steps []step
	width := e.Model().NEmbd()
	if r.Has(name + ".inputs_embeds") {
		rows := r.Floats(name + ".inputs_embeds")
		for ; len(rows) >= width; rows = rows[width:] {
			steps = append(steps, step{embd: rows[:width]})
		}
	} else {
		for _, id := range r.Ints(name + ".input_ids") {
			steps = append(steps, step{ids: []int32{id}})
		}
	}
	first, err := r.firstPosition(name)
	if err != nil || r.err != nil {
		return err
	}
	logits, err := feed(ctx, e, first, steps)
	if err != nil {
		return err
	}
	r.NearBy(name+".logits", logits, limit)
	for _, stored := range r.Names() {
		if rest, ok := strings.CutPrefix(stored, name+".prefill"); ok && strings.HasSuffix(rest, "_logits") {
			if err := r.prefilled(ctx, e, name, stored, limit); err != nil {
				return err
			}
		}
	}
	return nil
}

// fromPosition finds the first position in the description of a case, as in "at positions 8000..8019".
var fromPosition = regexp.MustCompile(`positions ([0-9]{1,7})\.\.`)

// firstPosition reads where a case begins: the tensor caseN.position_ids, or the number that its description names.
func (r *Run) firstPosition(name string) (int, error) {
	if at := name + ".position_ids"; r.Has(at) {
		if ids := r.Ints(at); len(ids) > 0 {
			return int(ids[0]), nil
		}
	}
	var info struct {
		Cases map[string]string `json:"cases"`
	}
	if err := r.JSON("cases.json", &info); err != nil {
		return 0, err
	}
	if m := fromPosition.FindStringSubmatch(info.Cases[name]); m != nil {
		var n int
		_, err := fmt.Sscan(m[1], &n)
		return n, err
	}
	return 0, nil
}

// prefilled feeds the first ids in one prompt and the rest one by one.
func (r *Run) prefilled(ctx context.Context, e *llama.Engine, name, stored string, limit float64) error {
	ids, want := r.Ints(name+".input_ids"), r.Floats(stored)
	vocab := e.Model().NVocab()
	n := len(want) / vocab
	if r.err != nil || n == 0 || n > len(ids) {
		return r.err
	}
	steps := []step{{ids: ids[:n]}}
	for i := n; i < len(ids); i++ {
		steps = append(steps, step{ids: ids[i : i+1]})
	}
	logits, err := feed(ctx, e, 0, steps)
	if err != nil {
		return err
	}
	r.Values(stored+" (last)", logits[:vocab], want[(n-1)*vocab:], limit)
	r.NearBy(name+".step_logits", logits[vocab:], limit)
	return nil
}

// A step is what is fed at once.
type step struct {
	ids  []int32
	embd []float32
}

// feed runs steps through an empty sequence and returns the logits after each.
func feed(ctx context.Context, e *llama.Engine, first int, steps []step) ([]float32, error) {
	s, err := e.NewSequence()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if err := s.StartAt(first); err != nil {
		return nil, err
	}
	var all []float32
	for _, p := range steps {
		if p.embd != nil {
			err = s.AppendEmbeddings(ctx, p.embd)
		} else {
			err = s.Append(ctx, p.ids)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, s.Logits()...)
	}
	return all, nil
}

// openLanguage converts the folder's language model as r.Type and runs it as exactly as libllama can: keys and values in
// f32, attention not in blocks. done ends it.
func (r *Run) openLanguage(ctx context.Context, positions int) (*llama.Engine, func(), error) {
	text, err := os.ReadFile(filepath.Join(r.Dir, "config.json"))
	if err != nil {
		return nil, nil, err
	}
	cfg, err := language.ParseConfig(text)
	if err != nil {
		return nil, nil, err
	}
	src, err := r.Source()
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "omnilive-verify-")
	if err != nil {
		return nil, nil, err
	}
	file := filepath.Join(dir, "language_model.gguf")
	if err := language.Convert(ctx, src, cfg, file, language.Options{Type: gguf.Type(r.Type)}); err != nil {
		os.RemoveAll(dir)
		return nil, nil, err
	}
	e, done, err := runLanguage(ctx, file, positions, r.Backend)
	if err != nil {
		os.RemoveAll(dir)
		return nil, nil, err
	}
	return e, func() { done(); os.RemoveAll(dir) }, nil
}

func runLanguage(ctx context.Context, file string, positions int, b *ggml.Backend) (*llama.Engine, func(), error) {
	m, err := llama.LoadModel(file, llama.ModelOptions{Device: b.Device()})
	if err != nil {
		return nil, nil, err
	}
	e, err := llama.NewEngine(m, llama.EngineOptions{
		ContextPerSequence: positions, Sequences: 1, Batch: 512, Threads: b.Threads(), KVType: llama.KVF32, FlashAttn: llama.FlashOff,
	})
	if err != nil {
		m.Close()
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var runs sync.WaitGroup
	runs.Go(func() { _ = e.Run(ctx) })
	return e, func() { cancel(); runs.Wait(); e.Close(); m.Close() }, nil
}

package omni

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"omnilive/model/llama"
)

// together are how many sequences speak at once where decoding is measured.
var together = []int{1, 2, 4, 8}

// languageProbes are of the language model: prompts of ids and of embeddings, and units of speech for some calls at once, behind
// a prompt of the same length.
func (m *Model) languageProbes(_ context.Context, o MeasureOptions) (all []probe, err error) {
	prompt, steps := 512, 25
	if o.Quick {
		prompt, steps = 64, 5
	}
	lines, err := m.openLines(together[len(together)-1])
	if err != nil {
		return nil, err
	}
	ids := make([]int32, prompt)
	for i := range ids {
		ids[i] = int32(i*7919+11) % 1000
	}
	rows := make([]float32, prompt*m.Width())
	for i := range rows {
		rows[i] = float32(i%19)/500 - 0.018
	}
	read := func(what string, f func(context.Context, *llama.Sequence) error) probe {
		return probe{
			Measurement: Measurement{Part: "language model", What: fmt.Sprintf("prompt of %d %s", prompt, what), Count: prompt, Unit: what},
			run: func(ctx context.Context) error {
				return errors.Join(lines.all[0].Truncate(0), f(ctx, lines.all[0]))
			},
		}
	}
	all = append(all,
		read("ids", func(ctx context.Context, s *llama.Sequence) error { return s.Append(ctx, ids) }),
		read("embeddings", func(ctx context.Context, s *llama.Sequence) error { return s.AppendEmbeddings(ctx, rows) }))
	for _, n := range together {
		if n > len(lines.all) {
			break
		}
		all = append(all, probe{
			Measurement: Measurement{
				Part: "language model", What: fmt.Sprintf("%d units of speech, calls at once: %d", steps, n),
				Call: units(steps), Count: n * steps, Unit: "units",
			},
			before: func(ctx context.Context) error { return lines.ready(ctx, n, ids) },
			run:    func(ctx context.Context) error { return lines.speak(ctx, m, n, steps) },
		})
	}
	all[len(all)-1].close = lines.close
	return all, nil
}

// lines are sequences of the language model.
type lines struct{ all []*llama.Sequence }

// openLines takes at most n sequences, at least one.
func (m *Model) openLines(n int) (*lines, error) {
	l := &lines{}
	for range n {
		s, err := m.language.engine.NewSequence()
		if errors.Is(err, llama.ErrBusy) && len(l.all) > 0 {
			return l, nil
		}
		if err != nil {
			l.close()
			return nil, err
		}
		l.all = append(l.all, s)
	}
	return l, nil
}

func (l *lines) close() {
	for _, s := range l.all {
		s.Close()
	}
}

// ready has n sequences hold the prompt and nothing else, and know what follows it.
func (l *lines) ready(ctx context.Context, n int, prompt []int32) error {
	for _, s := range l.all[:n] {
		keep := 0
		if s.Len() >= len(prompt) {
			keep = len(prompt) - 1
		}
		if err := errors.Join(s.Truncate(keep), s.Append(ctx, prompt[keep:])); err != nil {
			return err
		}
	}
	return nil
}

// speak has n sequences pick so many units each at the same time.
func (l *lines) speak(ctx context.Context, m *Model, n, steps int) error {
	failed := make([]error, n)
	var all sync.WaitGroup
	for i, s := range l.all[:n] {
		all.Go(func() { _, failed[i] = m.pick(ctx, s, steps, m.unitRange()) })
	}
	all.Wait()
	return errors.Join(failed...)
}

// unitRange are the ids of speech.
func (m *Model) unitRange() [][2]int32 {
	u := m.Vocabulary.Units
	return [][2]int32{{u.First, u.First + u.Count - 1}}
}

// pick generates n ids out of ranges.
func (m *Model) pick(ctx context.Context, s *llama.Sequence, n int, allowed [][2]int32) (ids []int32, err error) {
	for id, err := range s.Generate(ctx, llama.Sampling{MaxTokens: n, Allowed: allowed}) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, id)
	}
	if len(ids) < n {
		return ids, fmt.Errorf("%d ids of %d were picked", len(ids), n)
	}
	return ids, nil
}

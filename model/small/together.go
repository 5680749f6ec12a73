package small

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"omnilive/model/llama"
)

// together are how many calls answer at once where decoding is measured, as far as there is room.
var together = []int{1, 2, 4, 8}

// measureTogether times calls that answer at once. The numbers of calls take turns, so that a busy moment of the machine
// meets them all.
func (m *Model) measureTogether(ctx context.Context, runs int, prompt []int32) (all []Measurement, err error) {
	var calls []*llama.Sequence
	defer func() {
		for _, s := range calls {
			s.Close()
		}
	}()
	for len(calls) < min(together[len(together)-1], m.engine.Free()+len(calls)) {
		s, err := m.engine.NewSequence()
		if err != nil {
			return nil, err
		}
		calls = append(calls, s)
		if err := s.Append(ctx, prompt); err != nil {
			return nil, err
		}
	}
	times := make([][]time.Duration, len(together))
	for range runs {
		for i, n := range together {
			if n > len(calls) {
				break
			}
			d, err := answerTogether(ctx, calls[:n], len(prompt))
			if err != nil {
				return nil, err
			}
			times[i] = append(times[i], d)
		}
	}
	return rates(times), nil
}

// answered are the tokens of each answer that is timed.
const answered = 24

// answerTogether times one answer of every call, and takes them back.
func answerTogether(ctx context.Context, calls []*llama.Sequence, held int) (time.Duration, error) {
	errs := make([]error, len(calls))
	var wg sync.WaitGroup
	from := time.Now()
	for i, s := range calls {
		wg.Go(func() {
			for _, err := range s.Generate(ctx, llama.Sampling{MaxTokens: answered, Allowed: [][2]int32{{100, 40000}}}) { // nothing that ends it
				errs[i] = errors.Join(errs[i], err)
			}
		})
	}
	wg.Wait()
	d := time.Since(from)
	for _, s := range calls {
		errs = append(errs, s.Truncate(held))
	}
	return d, errors.Join(errs...)
}

// rates are tokens a second of all calls, and the last number's against one call's.
func rates(times [][]time.Duration) (all []Measurement) {
	var one, last float64
	for i, t := range times {
		if len(t) == 0 {
			break
		}
		last = float64(together[i]*answered) / middle(t).Seconds()
		if i == 0 {
			one = last
		}
		all = append(all, Measurement{"language model", fmt.Sprintf("decode, calls at once: %d", together[i]), last, "tokens/s"})
	}
	if len(all) > 1 {
		all = append(all, Measurement{"language model", fmt.Sprintf("%d calls against one", together[len(all)-1]), last / one, "x"})
	}
	return all
}

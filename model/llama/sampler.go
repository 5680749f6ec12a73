package llama

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
)

// A sampler chooses tokens for one Generate. Its steps and their order are llama.cpp's default: penalty, top-k, top-p
// (nucleus sampling, Holtzman et al. 2020), min-p, then temperature and the draw.
type sampler struct {
	Sampling
	random     *rand.Rand
	ranges     [][2]int32 // where to look, first and last included
	candidates []candidate
	penalized  []candidate // ids with the scores they had
}

type candidate struct {
	id    int32
	score float32
}

func newSampler(o Sampling, nVocab int) *sampler {
	if o.RepeatLast == 0 {
		o.RepeatLast = 64
	}
	s := &sampler{Sampling: o, random: rand.New(rand.NewPCG(o.Seed, 0x6f6d6e69))}
	s.ranges = append(s.ranges, o.Allowed...)
	if len(s.ranges) == 0 {
		s.ranges = append(s.ranges, [2]int32{0, int32(nVocab - 1)})
		return s
	}
	for _, id := range o.Ends {
		s.ranges = append(s.ranges, [2]int32{id, id})
	}
	return s
}

var errScores = errors.New("sample: the model's scores are not finite numbers")

// sample chooses by logits [n_vocab], which it leaves as they were, and by the history of ids.
func (s *sampler) sample(logits []float32, history []int32) (int32, error) {
	s.penalize(logits, history)
	defer s.restore(logits)
	best := s.likeliest(logits)
	if best < 0 || !isFinite(logits[best]) {
		return -1, errScores
	}
	if s.Temperature == 0 || s.TopK == 1 {
		return best, nil
	}
	s.gather(logits, logits[best])
	return s.draw(logits[best]), nil
}

// penalize makes tokens of the recent history less likely (Keskar et al. 2019, section 4.1), each once.
func (s *sampler) penalize(logits []float32, history []int32) {
	s.penalized = s.penalized[:0]
	p := float32(s.RepeatPenalty)
	if p == 0 || p == 1 {
		return
	}
	for _, id := range history[max(0, len(history)-s.RepeatLast):] {
		if id == embedded || slices.ContainsFunc(s.penalized, func(c candidate) bool { return c.id == id }) {
			continue
		}
		s.penalized = append(s.penalized, candidate{id, logits[id]})
		if logits[id] > 0 {
			logits[id] /= p
		} else {
			logits[id] *= p
		}
	}
}

func (s *sampler) restore(logits []float32) {
	for _, c := range s.penalized {
		logits[c.id] = c.score
	}
}

// likeliest is the id with the highest score, or -1 where none is a number.
func (s *sampler) likeliest(logits []float32) int32 {
	best := int32(-1)
	for _, r := range s.ranges {
		id := r[0] + int32(argmax(logits[r[0]:r[1]+1]))
		if best < 0 || logits[id] > logits[best] || logits[best] != logits[best] {
			best = id
		}
	}
	return best
}

// negligible is how far below the best, in temperatures, a score stops mattering: e^-30 of its probability.
const negligible = 30

// gather collects the candidates for a draw, the likeliest first.
func (s *sampler) gather(logits []float32, best float32) {
	floor := best - negligible*float32(max(s.Temperature, 1))
	if s.MinP > 0 {
		floor = max(floor, best+float32(math.Log(s.MinP)))
	}
	s.candidates = s.candidates[:0]
	for _, r := range s.ranges {
		for id, v := range logits[r[0] : r[1]+1] {
			if v >= floor {
				s.candidates = append(s.candidates, candidate{r[0] + int32(id), v})
				floor = s.thin(floor)
			}
		}
	}
	s.sort()
	if s.TopK > 0 && len(s.candidates) > s.TopK {
		s.candidates = s.candidates[:s.TopK]
	}
	s.nucleus(best)
}

// thin keeps a long list down to TopK and returns the score that is needed from now on.
func (s *sampler) thin(floor float32) float32 {
	if s.TopK == 0 || len(s.candidates) < 2*s.TopK+64 {
		return floor
	}
	s.sort()
	s.candidates = s.candidates[:s.TopK]
	return s.candidates[s.TopK-1].score
}

// sort puts the likeliest first, equals by id, so that a seed means the same everywhere; ids named twice are kept once.
func (s *sampler) sort() {
	slices.SortFunc(s.candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.id, b.id))
	})
	s.candidates = slices.Compact(s.candidates)
}

// nucleus cuts off what lies beyond TopP of the probability.
func (s *sampler) nucleus(best float32) {
	if s.TopP == 0 || s.TopP == 1 {
		return
	}
	total := s.sum(best, 1)
	reached := 0.0
	for i, c := range s.candidates {
		if reached += math.Exp(float64(c.score - best)); reached >= s.TopP*total {
			s.candidates = s.candidates[:i+1]
			return
		}
	}
}

func (s *sampler) sum(best float32, temperature float64) (total float64) {
	for _, c := range s.candidates {
		total += math.Exp(float64(c.score-best) / temperature)
	}
	return total
}

// draw picks one of the candidates by its probability at the temperature.
func (s *sampler) draw(best float32) int32 {
	at := s.random.Float64() * s.sum(best, s.Temperature)
	for _, c := range s.candidates {
		if at -= math.Exp(float64(c.score-best) / s.Temperature); at < 0 {
			return c.id
		}
	}
	return s.candidates[0].id
}

func isFinite(v float32) bool { return v-v == 0 }

// argmax is the index of the largest number, the first of equals; NaN only where there is nothing else.
func argmax(x []float32) int {
	const block = 1024
	best, at := float32(math.Inf(-1)), 0
	for from := 0; from < len(x); from += block {
		part := x[from:min(from+block, len(x))]
		if peak := highest(part); peak > best {
			best, at = peak, from
		}
	}
	for i := at; i < len(x); i++ {
		if x[i] == best {
			return i
		}
	}
	return 0
}

// highest is the largest number of x; eight lanes keep the processor from waiting for each comparison.
func highest(x []float32) float32 {
	low := float32(math.Inf(-1))
	m := [8]float32{low, low, low, low, low, low, low, low}
	for ; len(x) >= 8; x = x[8:] {
		v := x[:8:8]
		for i := range m {
			if v[i] > m[i] {
				m[i] = v[i]
			}
		}
	}
	for _, v := range x {
		if v > m[0] {
			m[0] = v
		}
	}
	for _, v := range m {
		if v > low {
			low = v
		}
	}
	return low
}

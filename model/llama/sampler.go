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
	if len(o.Allowed) == 0 {
		s.ranges = [][2]int32{{0, int32(nVocab - 1)}}
		return s
	}
	s.ranges = slices.Clone(o.Allowed)
	for _, id := range o.Ends {
		s.ranges = append(s.ranges, [2]int32{id, id})
	}
	s.ranges = merge(s.ranges)
	return s
}

// merge sorts ranges and joins those that overlap.
func merge(ranges [][2]int32) [][2]int32 {
	slices.SortFunc(ranges, func(a, b [2]int32) int { return cmp.Compare(a[0], b[0]) })
	out := ranges[:1]
	for _, r := range ranges[1:] {
		if last := &out[len(out)-1]; r[0] <= last[1] {
			last[1] = max(last[1], r[1])
			continue
		}
		out = append(out, r)
	}
	return out
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

// gather collects the candidates for a draw.
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
	if s.TopK > 0 && len(s.candidates) > s.TopK {
		s.sort()
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

// sort puts the likeliest first, equals by id, so that a seed means the same everywhere.
func (s *sampler) sort() {
	slices.SortFunc(s.candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.id, b.id))
	})
}

// nucleus cuts off what lies beyond TopP of the probability.
func (s *sampler) nucleus(best float32) {
	if s.TopP == 0 || s.TopP == 1 {
		return
	}
	enough := s.TopP * s.sum(best, 1)
	s.crown(best, enough)
	s.sort()
	for i, c := range s.candidates {
		if enough -= math.Exp(float64(c.score - best)); enough <= 0 {
			s.candidates = s.candidates[:i+1]
			return
		}
	}
}

// crown leaves the likeliest candidates that are sure to reach enough probability, so that few need sorting.
func (s *sampler) crown(best float32, enough float64) {
	for depth := float32(2); depth < negligible; depth *= 2 {
		reached, n := 0.0, 0
		for _, c := range s.candidates {
			if c.score >= best-depth {
				reached += math.Exp(float64(c.score - best))
				n++
			}
		}
		if reached >= enough {
			s.candidates = slices.DeleteFunc(s.candidates, func(c candidate) bool { return c.score < best-depth })
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
func argmax(x []float32) int { return max(0, slices.Index(x, highest(x))) }

// highest is the largest number of x. The comparisons are nearly always false, so the processor runs ahead of them.
func highest(x []float32) float32 {
	m := float32(math.Inf(-1))
	for ; len(x) >= 8; x = x[8:] {
		v := (*[8]float32)(x)
		if v[0] > m || v[1] > m || v[2] > m || v[3] > m || v[4] > m || v[5] > m || v[6] > m || v[7] > m {
			for _, w := range v {
				if w > m {
					m = w
				}
			}
		}
	}
	for _, v := range x {
		if v > m {
			m = v
		}
	}
	return m
}

package whisper

import (
	"context"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"omnilive/model"
	"omnilive/model/ggml"
)

// Word times follow the reference implementation (openai/whisper, timing.py): the attention of the heads that follow
// the sound, one more pass of the decoder with all tokens, and dynamic time warping through it.

const (
	medianWidth     = 7
	samplesPerState = 2 * hop
)

// align returns the words of r, heard in the first states of the cache, with their times from sample at on.
func (l *listener) align(ctx context.Context, r result, states, at int) ([]model.Word, error) {
	if len(r.tokens) == 0 {
		return nil, nil
	}
	v := l.vocab
	head := []int32{v.start, v.languages[r.language], v.transcribe, v.noTimes}
	tokens := append(append(slices.Clone(head), r.tokens...), v.end)
	queries, err := l.queries(ctx, tokens)
	if err != nil {
		return nil, err
	}
	cost := make([]float64, len(tokens)*states)
	for _, a := range l.c.aligned {
		if err := l.attention(queries[a[0]], a, states, cost); err != nil {
			return nil, err
		}
	}
	from := (len(head) - 1) * states // a token is predicted while the one before it is read
	begins := warp(cost[from:from+(len(r.tokens)+1)*states], states)
	return l.words(r.tokens, begins, at), nil
}

// queries returns what each layer of the decoder asks of the encoder's states, [tokens, width], nil for layers
// without aligned heads.
func (l *listener) queries(ctx context.Context, tokens []int32) ([][]float32, error) {
	embedded, err := l.embed(tokens, 0)
	if err != nil {
		return nil, err
	}
	g := l.decoder
	g.Reset()
	in := g.Input(ggml.F32, int64(l.c.width), int64(len(tokens)))
	_, all := l.w.decode(g, l.c, l.cache, l.around.cross, in, 0)
	for _, a := range l.c.aligned {
		g.Output(all[a[0]])
	}
	if err := g.Compute(ctx, func() { ggml.Put(g, in, embedded) }); err != nil {
		return nil, err
	}
	out := make([][]float32, len(all))
	for _, a := range l.c.aligned {
		if out[a[0]] == nil {
			out[a[0]] = make([]float32, len(embedded))
			if err := ggml.Take(g, all[a[0]], 0, out[a[0]]); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// attention subtracts from cost [tokens, states] how much one head attends: normalised over the tokens, smoothed.
func (l *listener) attention(queries []float32, head [2]int, states int, cost []float64) error {
	d := l.c.headSize
	n := len(cost) / states
	p := make([]float64, len(cost))
	key := make([]float32, d)
	for s := range states {
		if err := l.around.cross[head[0]].Key(head[1], s, key); err != nil {
			return err
		}
		for t := range n {
			q := queries[t*l.c.width+head[1]*d:]
			sum := 0.0
			for j, k := range key {
				sum += float64(q[j]) * float64(k)
			}
			p[t*states+s] = sum * float64(l.c.scale())
		}
	}
	for t := range n {
		soften(p[t*states : (t+1)*states])
	}
	standardise(p, n, states)
	row := make([]float64, states)
	for t := range n {
		median(p[t*states:(t+1)*states], row)
		for s, v := range row {
			cost[t*states+s] -= v / float64(len(l.c.aligned))
		}
	}
	return nil
}

// soften is softmax.
func soften(x []float64) {
	top, sum := slices.Max(x), 0.0
	for i, v := range x {
		x[i] = math.Exp(v - top)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}

// standardise brings each column of p [n, states] to mean 0 and deviation 1.
func standardise(p []float64, n, states int) {
	for s := range states {
		mean, square := 0.0, 0.0
		for t := range n {
			mean += p[t*states+s] / float64(n)
		}
		for t := range n {
			d := p[t*states+s] - mean
			square += d * d / float64(n)
		}
		deviation := max(math.Sqrt(square), 1e-12)
		for t := range n {
			p[t*states+s] = (p[t*states+s] - mean) / deviation
		}
	}
}

// median puts the running median of x into out, both ends mirrored.
func median(x, out []float64) {
	var w [medianWidth]float64
	for i := range x {
		for j := range w {
			k := i + j - medianWidth/2
			if k < 0 {
				k = -k
			}
			if k >= len(x) {
				k = 2*(len(x)-1) - k
			}
			w[j] = x[min(max(k, 0), len(x)-1)]
		}
		slices.Sort(w[:])
		out[i] = w[medianWidth/2]
	}
}

// warp returns the state at which each row of cost [n, states] begins on the cheapest way through it, each step of
// which goes on in rows, in states or in both.
func warp(cost []float64, states int) []int {
	n := len(cost) / states
	sum := make([]float64, (n+1)*(states+1))
	step := make([]uint8, len(sum)) // 0 both, 1 row, 2 state
	for i := range sum {
		sum[i] = math.Inf(1)
	}
	sum[0] = 0
	for t := 1; t <= n; t++ {
		for s := 1; s <= states; s++ {
			both, row, state := sum[(t-1)*(states+1)+s-1], sum[(t-1)*(states+1)+s], sum[t*(states+1)+s-1]
			best, from := state, uint8(2)
			if both < row && both < state {
				best, from = both, 0
			} else if row < both && row < state {
				best, from = row, 1
			}
			sum[t*(states+1)+s], step[t*(states+1)+s] = best+cost[(t-1)*states+s-1], from
		}
	}
	begins := make([]int, n)
	for t, s := n, states; t > 0 && s > 0; {
		begins[t-1] = s - 1
		switch step[t*(states+1)+s] {
		case 0:
			t, s = t-1, s-1
		case 1:
			t--
		default:
			s--
		}
	}
	return begins
}

// words joins tokens to words: at spaces, and where there are none (Chinese, Japanese) at whole characters. Marks go
// with the word before them.
func (l *listener) words(tokens []int32, begins []int, at int) []model.Word {
	var out []model.Word
	part, first := "", 0
	for i, id := range tokens {
		if part == "" {
			first = i
		}
		part += l.vocab.words[id]
		if !utf8.ValidString(part) {
			continue
		}
		w := model.Word{Text: part, Start: at + begins[first]*samplesPerState, End: at + begins[i+1]*samplesPerState}
		part = ""
		if n := len(out); n > 0 && (!begin(w.Text) || marks(w.Text)) {
			out[n-1].Text += w.Text
			if !marks(w.Text) {
				out[n-1].End = w.End
			}
			continue
		}
		out = append(out, w)
	}
	return out
}

// marks tells whether s is punctuation only, which takes no time.
func marks(s string) bool { return strings.TrimLeft(s, " .,!?;:'\"%)]}-") == "" }

// begin tells whether s begins a word: with a space, or in a script that has none.
func begin(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r == ' ' || r >= 0x2e80 && (r < 0xac00 || r > 0xd7a3)
}

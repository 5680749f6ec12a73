package whisper

import (
	"context"
	"slices"
)

// A result is what was heard in one window.
type result struct {
	tokens   []int32
	language string
	noSpeech float64 // probability that nobody spoke
	logProb  float64 // mean over tokens and the end
	cut      bool    // the limit of tokens came before the end
	passes   int     // of the decoder
}

// A request is what transcribe is asked for.
type request struct {
	languages []string // one, or those to choose from
	draft     []int32  // what the tokens probably are
	limit     int      // tokens
}

// A walk is a greedy decoding under way.
type walk struct {
	l      *listener
	result result
	prompt []int32
	past   int // positions in the cache that are right
	sum    float64
	limit  int
}

// greedy decodes what hear encoded: always the most probable token. Drafted tokens are all tried in one pass; those
// which greedy decoding would have chosen too are kept. The answer is the same with any draft, bit by bit, since no
// operation lets the result at one position depend on how many positions are computed at once.
func (l *listener) greedy(ctx context.Context, r request) (result, error) {
	w := &walk{l: l, limit: min(r.limit, maxText/2)}
	draft := r.draft[:min(len(r.draft), w.limit)]
	if end := slices.IndexFunc(draft, func(id int32) bool { return id < 0 || id >= l.vocab.end }); end >= 0 {
		draft = draft[:end]
	}
	if err := w.begin(ctx, r.languages); err != nil {
		return w.result, err
	}
	next, err := w.try(ctx, draft)
	for err == nil && !w.take(next) {
		next, err = w.step(ctx)
	}
	if n := len(w.result.tokens) + 1; err == nil {
		w.result.logProb = w.sum / float64(n)
	}
	return w.result, err
}

// begin settles the language, by a pass of its own where there is a choice.
func (w *walk) begin(ctx context.Context, languages []string) error {
	v := w.l.vocab
	w.result.language = languages[0]
	if len(languages) > 1 {
		p, err := w.pass(ctx, []int32{v.start}, 0, []int32{0})
		if err != nil {
			return err
		}
		w.result.language = w.l.language(p[0], languages)
		w.result.noSpeech = float64(p[0][v.noSpeech])
		w.past = 1
	}
	w.prompt = []int32{v.start, v.languages[w.result.language], v.transcribe, v.noTimes}
	return nil
}

// try runs the rest of the prompt and the draft in one pass, takes what holds of the draft and returns what comes next.
func (w *walk) try(ctx context.Context, draft []int32) (choice, error) {
	base := len(w.prompt) - 1
	from := w.past
	tokens := append(slices.Clone(w.prompt[from:]), draft...)
	rows := []int32{}
	if from == 0 {
		rows = append(rows, 0) // where the probability of silence is read
	}
	for i := range len(draft) + 1 {
		rows = append(rows, int32(base-from+i))
	}
	p, err := w.pass(ctx, tokens, from, rows)
	if err != nil {
		return choice{}, err
	}
	if from == 0 {
		w.result.noSpeech = float64(p[0][w.l.vocab.noSpeech])
		p = p[1:]
	}
	for i, row := range p {
		c := w.l.choose(row, i == 0)
		w.past = len(w.prompt) + i
		if i == len(draft) || c.id != draft[i] || i == w.limit-1 {
			return c, nil // greedy takes it
		}
		w.take(c)
	}
	return choice{}, nil // not reached: there is one row more than the draft has tokens
}

// step predicts what follows the last token.
func (w *walk) step(ctx context.Context) (choice, error) {
	t := w.result.tokens
	p, err := w.pass(ctx, t[len(t)-1:], w.past, []int32{0})
	if err != nil {
		return choice{}, err
	}
	w.past++
	return w.l.choose(p[0], false), nil
}

// take adds c to the result and tells whether that was the end.
func (w *walk) take(c choice) bool {
	w.sum += c.logProb
	if c.id == w.l.vocab.end {
		return true
	}
	w.result.tokens = append(w.result.tokens, c.id)
	w.result.cut = len(w.result.tokens) >= w.limit
	return w.result.cut
}

func (w *walk) pass(ctx context.Context, tokens []int32, past int, rows []int32) ([][]float32, error) {
	w.result.passes++
	return w.l.predict(ctx, tokens, past, rows)
}

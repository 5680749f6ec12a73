package small

import (
	"context"
	"fmt"
	"slices"
)

// A cache is a language model's key/value cache of one sequence; *llama.Sequence is one.
type cache interface {
	Append(ctx context.Context, tokens []int32) error
	Truncate(n int) error
	Len() int
}

// A memory is the tokens of one conversation, and the cache that follows them. The tokens are the truth; what
// the cache holds beyond or beside them is work done ahead, kept for as far as it turns out right.
type memory struct {
	seq    cache
	toks   []int32
	cached []int32 // what seq holds
	head   int     // tokens of the system prompt
	starts []int   // where each message after it begins
	shift  int     // tokens dropped from the front so far: positions seen outside never move
	reply  int     // where the newest reply's words begin, 0: it was closed or cut
	window int     // most tokens to hold
}

// len is the length as seen from outside.
func (m *memory) len() int { return len(m.toks) + m.shift }

// begin makes tokens the system prompt and keeps all that came after the old one.
func (m *memory) begin(head []int32) {
	rest := slices.Clone(m.toks[m.head:])
	grown := len(head) - m.head
	m.toks = append(slices.Clone(head), rest...)
	for i := range m.starts {
		m.starts[i] += grown
	}
	m.shift -= grown
	m.head = len(head)
}

// add puts one message behind the rest.
func (m *memory) add(tokens []int32) {
	m.starts = append(m.starts, len(m.toks))
	m.toks = append(m.toks, tokens...)
}

// truncate forgets all from pos on; closing is put behind a reply that is cut in its middle.
func (m *memory) truncate(pos int, closing []int32) error {
	n := pos - m.shift
	if n > len(m.toks) {
		return fmt.Errorf("truncate to %d: the conversation holds %d", pos, m.len())
	}
	n = max(n, m.head)
	inside := m.reply > 0 && n >= m.reply && n < len(m.toks)
	m.toks = m.toks[:n]
	for len(m.starts) > 0 && m.starts[len(m.starts)-1] >= n {
		m.starts = m.starts[:len(m.starts)-1]
	}
	if inside {
		m.toks = append(m.toks, closing...)
	}
	if m.reply > n || inside {
		m.reply = 0
	}
	return nil
}

// sync makes the cache hold the tokens, followed by ahead. With logits, at least one token is run.
func (m *memory) sync(ctx context.Context, ahead []int32, logits bool) error {
	want := m.toks
	if len(ahead) > 0 {
		want = slices.Concat(m.toks, ahead)
	}
	return m.hold(ctx, want, logits)
}

// catchUp brings the cache n tokens nearer to the tokens; false when it is there.
func (m *memory) catchUp(ctx context.Context, n int) (more bool, err error) {
	k := 0
	for k < len(m.toks) && k < len(m.cached) && m.toks[k] == m.cached[k] {
		k++
	}
	to := min(k+n, len(m.toks))
	if k == to {
		return false, nil
	}
	return to < len(m.toks), m.hold(ctx, m.toks[:to], false)
}

// hold makes the cache hold want.
func (m *memory) hold(ctx context.Context, want []int32, logits bool) error {
	k := 0
	for k < len(want) && k < len(m.cached) && want[k] == m.cached[k] {
		k++
	}
	if logits && k == len(want) {
		k--
	}
	if k < len(m.cached) {
		if err := m.seq.Truncate(k); err != nil {
			return err
		}
		m.cached = m.cached[:k]
	}
	if k == len(want) {
		return nil
	}
	err := m.seq.Append(ctx, want[k:])
	m.cached = append(m.cached, want[k:min(max(m.seq.Len(), k), len(want))]...)
	return err
}

// fit drops the oldest messages until need more tokens fit; false when they never will.
func (m *memory) fit(need int) bool {
	if len(m.toks)+need <= m.window {
		return true
	}
	m.shrink(m.window / 4)
	return len(m.toks)+need <= m.window
}

// shrink drops the oldest messages until about keep tokens are left, the newest message in any case: enough at once that the
// cache, which must be built anew behind the gap, lasts for a while.
func (m *memory) shrink(keep int) {
	for i, s := range m.starts {
		if m.head+len(m.toks)-s <= keep || i == len(m.starts)-1 {
			m.drop(s, i)
			return
		}
	}
}

// drop forgets the messages before the ith, which starts at s.
func (m *memory) drop(s, i int) {
	gone := s - m.head
	m.toks = append(m.toks[:m.head:m.head], m.toks[s:]...)
	m.starts = m.starts[i:]
	for j := range m.starts {
		m.starts[j] -= gone
	}
	m.shift += gone
	m.reply = max(m.reply-gone, 0)
}

package tokenizer

import (
	"cmp"
	"container/heap"
	"fmt"
)

// bpe merges the bytes of a word (Sennrich et al., 2016, as GPT-2 applies it to bytes).
type bpe struct {
	letters [256]int32       // by byte: its token, or -1
	unknown int32            // stands for bytes without a token; -1: they are left out
	fuse    bool             // one unknown for a run of them
	merges  map[uint64]merge // by pair
	words   map[string]int32 // whole words that need no merging (ignore_merges); nil: none
}

type merge struct{ rank, id int32 }

func pair(a, b int32) uint64 { return uint64(uint32(a))<<32 | uint64(uint32(b)) }

// short is the length of a word up to which trying all pairs is faster than a heap.
const short = 48

func (m *bpe) load(t *Tokenizer, part *modelPart) error {
	m.unknown, m.fuse = -1, part.FuseUnknown
	if part.Unknown != nil {
		id, ok := part.Vocab[*part.Unknown]
		if !ok {
			return fmt.Errorf("unk_token %.40q is not in the vocabulary", *part.Unknown)
		}
		m.unknown = id
	}
	for b, r := range newAlphabet().letter {
		m.letters[b] = -1
		if id, ok := part.Vocab[string(r)]; ok {
			m.letters[b] = id
			if t.steers(id) {
				return fmt.Errorf("the byte %#02x is a token added by name: nobody could say it", b)
			}
		}
	}
	pairs, err := part.pairs()
	if err != nil {
		return err
	}
	if len(pairs) > maxTokens {
		return fmt.Errorf("%d merges, want at most %d", len(pairs), maxTokens)
	}
	if err := m.rank(t, part.Vocab, pairs); err != nil {
		return err
	}
	if part.IgnoreMerges {
		m.words = make(map[string]int32, len(part.Vocab))
		for _, id := range part.Vocab {
			if !t.steers(id) {
				m.words[t.spelled[id]] = id
			}
		}
	}
	return nil
}

// rank fills the merges. One that leads to a token added by name is left out: these come from names alone.
func (m *bpe) rank(t *Tokenizer, vocab map[string]int32, pairs [][]string) error {
	m.merges = make(map[uint64]merge, len(pairs))
	for rank, p := range pairs {
		if len(p) != 2 {
			return fmt.Errorf("merge %d has %d parts, want 2", rank, len(p))
		}
		a, okA := vocab[p[0]]
		b, okB := vocab[p[1]]
		id, ok := vocab[p[0]+p[1]]
		if !okA || !okB || !ok {
			return fmt.Errorf("merge %d of %.40q and %.40q: not all in the vocabulary", rank, p[0], p[1])
		}
		if !t.steers(id) {
			m.merges[pair(a, b)] = merge{int32(rank), id}
		}
	}
	return nil
}

// encode appends the tokens of one word.
func (m *bpe) encode(ids []int32, word string) []int32 {
	if id, ok := m.words[word]; ok {
		return append(ids, id)
	}
	from := len(ids)
	gap := false
	for i := range len(word) {
		id := m.letters[word[i]]
		if id < 0 {
			if m.unknown < 0 || m.fuse && gap {
				continue
			}
			id = m.unknown
		}
		gap = m.letters[word[i]] < 0
		ids = append(ids, id)
	}
	if len(ids)-from <= short {
		return ids[:from+m.mergeShort(ids[from:])]
	}
	return ids[:from+m.mergeLong(ids[from:])]
}

// mergeShort merges in place, the pair of lowest rank first and of these the leftmost, and returns how many are left.
func (m *bpe) mergeShort(ids []int32) int {
	var ranks [short]merge
	for i := range len(ids) - 1 {
		ranks[i] = m.find(ids[i], ids[i+1])
	}
	n := len(ids)
	for n > 1 {
		best := 0
		for i := 1; i < n-1; i++ {
			if ranks[i].rank < ranks[best].rank {
				best = i
			}
		}
		if ranks[best].id < 0 {
			break
		}
		ids[best] = ranks[best].id
		copy(ids[best+1:n], ids[best+2:n])
		copy(ranks[best:n-1], ranks[best+1:n-1])
		n--
		if best > 0 {
			ranks[best-1] = m.find(ids[best-1], ids[best])
		}
		if best < n-1 {
			ranks[best] = m.find(ids[best], ids[best+1])
		}
	}
	return n
}

// find is the merge of a pair, or one of the last rank with id -1.
func (m *bpe) find(a, b int32) merge {
	if found, ok := m.merges[pair(a, b)]; ok {
		return found
	}
	return merge{1<<31 - 1, -1}
}

// mergeLong does what mergeShort does with a queue of pairs over a linked list: n·log n.
func (m *bpe) mergeLong(ids []int32) int {
	next, last := make([]int32, len(ids)), make([]int32, len(ids))
	q := &queue{}
	for i := range ids {
		next[i], last[i] = int32(i+1), int32(i-1)
		if i+1 < len(ids) {
			q.offer(m.find(ids[i], ids[i+1]), int32(i))
		}
	}
	heap.Init(q)
	end := int32(len(ids))
	for q.Len() > 0 {
		c := heap.Pop(q).(candidate)
		right := int32(0)
		if ids[c.at] >= 0 {
			right = next[c.at]
		}
		if ids[c.at] < 0 || right == end || m.find(ids[c.at], ids[right]) != c.merge {
			continue // one of the two has been merged since
		}
		ids[c.at], ids[right] = c.id, -1
		next[c.at] = next[right]
		if next[c.at] < end {
			last[next[c.at]] = c.at
			q.push(m.find(c.id, ids[next[c.at]]), c.at)
		}
		if last[c.at] >= 0 {
			q.push(m.find(ids[last[c.at]], c.id), last[c.at])
		}
	}
	n := 0
	for _, id := range ids {
		if id >= 0 {
			ids[n] = id
			n++
		}
	}
	return n
}

// A candidate is a merge at a place.
type candidate struct {
	merge
	at int32
}

// queue orders candidates by rank, then by place.
type queue struct{ all []candidate }

func (q *queue) offer(m merge, at int32) {
	if m.id >= 0 {
		q.all = append(q.all, candidate{m, at})
	}
}

func (q *queue) push(m merge, at int32) {
	if m.id >= 0 {
		heap.Push(q, candidate{m, at})
	}
}

// Len, Less, Swap, Push and Pop are those of [heap.Interface].
func (q *queue) Len() int { return len(q.all) }

// Less orders by rank, then by place.
func (q *queue) Less(i, j int) bool {
	a, b := q.all[i], q.all[j]
	return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.at, b.at)) < 0
}

// Swap exchanges two candidates.
func (q *queue) Swap(i, j int) { q.all[i], q.all[j] = q.all[j], q.all[i] }

// Push appends a candidate.
func (q *queue) Push(c any) { q.all = append(q.all, c.(candidate)) }

// Pop takes the last candidate off.
func (q *queue) Pop() any {
	c := q.all[len(q.all)-1]
	q.all = q.all[:len(q.all)-1]
	return c
}

package g2p

import "sort"

// texts are many small strings in one piece of memory. The tables hold some 400,000: one by one they would keep the
// garbage collector busy as long as the program runs, and in maps they would take three times the memory.
type texts struct {
	all  string
	ends []uint32 // of each in all
}

func newTexts(list []string) texts {
	size := 0
	for _, s := range list {
		size += len(s)
	}
	all, t := make([]byte, 0, size), texts{ends: make([]uint32, len(list))}
	for i, s := range list {
		all = append(all, s...)
		t.ends[i] = uint32(len(all)) // files are limited to less
	}
	t.all = string(all)
	return t
}

func (t texts) len() int { return len(t.ends) }

func (t texts) at(i int) string {
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return t.all[from:t.ends[i]]
}

// find says where s is in texts in ascending order.
func (t texts) find(s string) (int, bool) {
	i := sort.Search(t.len(), func(i int) bool { return t.at(i) >= s })
	return i, i < t.len() && t.at(i) == s
}

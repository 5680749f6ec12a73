package cosyvoice

import "omnilive/model/ggml"

// A sight says which keys each query of a call sees: past ones, and of the n new ones those of its chunk and before, or
// all of them where chunk is 0.
type sight struct {
	past, n, chunk int64
	block          int64       // where all see the same, how many queries attend together
	positions      ggml.Tensor // of a conformer stack: [width, past + 2n - 1]
}

// each calls f for runs of queries, numbered from 0 on, that see the same first keys, and joins what it returns.
func (s sight) each(g *ggml.Graph, f func(from, to, keys int64) ggml.Tensor) ggml.Tensor {
	var parts []ggml.Tensor
	for from := int64(0); from < s.n; {
		to, keys := min(s.n, from+s.block), s.past+s.n
		if s.chunk > 0 {
			to = min(s.n, ((s.past+from)/s.chunk+1)*s.chunk-s.past)
			keys = s.past + to
		}
		parts = append(parts, f(from, to, keys))
		from = to
	}
	return join(g, parts)
}

// join puts columns side by side, in pairs, so that little is copied twice.
func join(g *ggml.Graph, parts []ggml.Tensor) ggml.Tensor {
	for len(parts) > 1 {
		half := parts[:0]
		for i := 0; i+1 < len(parts); i += 2 {
			half = append(half, g.Concat(parts[i], parts[i+1], 1))
		}
		if len(parts)%2 != 0 {
			half = append(half, parts[len(parts)-1])
		}
		parts = half
	}
	if len(parts) == 0 {
		return ggml.Tensor{}
	}
	return parts[0]
}

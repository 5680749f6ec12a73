package prompt

import (
	"cmp"
	"slices"
)

// ranges sorts ranges of ids and joins those that touch.
func ranges(list ...[2]int32) [][2]int32 {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b [2]int32) int { return cmp.Compare(a[0], b[0]) })
	out := list[:0]
	for _, r := range list {
		if n := len(out); n > 0 && r[0] <= out[n-1][1]+1 {
			out[n-1][1] = max(out[n-1][1], r[1])
			continue
		}
		out = append(out, r)
	}
	return out
}

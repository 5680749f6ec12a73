package small

import (
	"slices"
	"testing"
)

func TestClauses(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"The capital of France is Paris. It lies on the Seine, in the north.", []string{"The capital of France", " is Paris.", " It lies on the Seine, in the north."}},
		{"Well, sure. Ok.", []string{"Well, sure.", " Ok."}},
		{"Of course, I can help you with that. Tell me more!", []string{"Of course,", " I can help you with that.", " Tell me more!"}},
		{"Dr. Smith has 3.5 apples. Fine.", []string{"Dr. Smith has 3.5", " apples.", " Fine."}},
		{"one two three four five six seven eight nine ten eleven twelve", []string{"one two three four", " five six seven eight nine ten eleven twelve"}},
		{"1. Eat well\n2. Sleep", []string{"1. Eat well\n", "2. Sleep"}},
		{"안녕하세요. 반갑습니다.", []string{"안녕하세요.", " 반갑습니다."}},
		{"", nil},
	} {
		for _, step := range []int{1, 3, 1000} {
			var got []string
			var cl clauser
			for rest := c.text; rest != ""; {
				n := min(step, len(rest))
				end := cl.add(rest[:n])
				rest = rest[n:]
				for end > 0 {
					got = append(got, cl.take(end))
					end = cl.add("")
				}
			}
			if cl.text.Len() > 0 {
				got = append(got, cl.text.String())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("step %d: %q, want %q", step, got, c.want)
			}
		}
	}
}

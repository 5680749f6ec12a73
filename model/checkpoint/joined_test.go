package checkpoint

import (
	"slices"
	"strings"
	"testing"
)

func TestJoin(t *testing.T) {
	one := source(t, map[string][]int64{"a": {2}, "b.c": {3}}, count)
	two := source(t, map[string][]int64{"a": {2, 2}, "c": {5}}, count)
	j := Join(map[string]Source{"one.": one, "two.": two, "one.b.": two})
	var names []string
	for _, x := range j.Tensors() {
		names = append(names, x.Name)
	}
	if want := []string{"one.a", "one.b.a", "one.b.c", "two.a", "two.c"}; !slices.Equal(names, want) {
		t.Fatalf("names %v, want %v", names, want)
	}
	for name, want := range map[string][]float32{"one.a": {0, 1}, "one.b.c": {0, 1, 2}, "one.b.a": {0, 1, 2, 3}, "two.a": {0, 1, 2, 3}} {
		if got, err := Floats(j, name); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if x, ok := j.Lookup(name); !ok || x.Name != name {
			t.Errorf("%s is found as %v", name, x)
		}
	}
	if _, ok := j.Lookup("a"); ok {
		t.Error("a name without its prefix is found")
	}
	if err := j.Read(Tensor{Name: "a"}, 0, nil); err == nil || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("read: %v", err)
	}
	p := NewPlan(j).At("two.")
	p.Unused("c", 5)
	p.Unused("d", 1)
	if err := p.Err(); err == nil || !strings.Contains(err.Error(), `"two.d" is missing`) {
		t.Errorf("plan: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

package parts

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// reversing is a step that writes mind.gguf backwards, and counts how often.
func reversing(runs *int) Step {
	return Step{
		Part: "mind", Output: "made/mind.rev", Version: "1", Size: 43_000,
		Make: func(_ context.Context, models, out string) error {
			*runs++
			b, err := os.ReadFile(filepath.Join(models, "mind.gguf"))
			if err != nil {
				return err
			}
			for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
				b[i], b[j] = b[j], b[i]
			}
			return os.WriteFile(out, b, 0o644)
		},
	}
}

func TestStepsRunOnceUntilSomethingChanges(t *testing.T) {
	s := newShop(t)
	runs := 0
	step := reversing(&runs)
	fetch := func(want int, why string) {
		t.Helper()
		mustFetch(t, s.open(func(c *Config) { c.Steps = []Step{step} }))
		if runs != want {
			t.Errorf("%s: made %d times, want %d", why, runs, want)
		}
	}
	out := filepath.Join(s.models, "made", "mind.rev")
	fetch(1, "first")
	fetch(1, "again")
	if err := os.Truncate(out, 10); err != nil {
		t.Fatal(err)
	}
	fetch(2, "truncated")
	if err := os.WriteFile(out, noise(43_000, 8), 0o644); err != nil {
		t.Fatal(err)
	}
	fetch(3, "overwritten")
	step.Version = "2"
	fetch(4, "another version")
	if err := os.Remove(out); err != nil {
		t.Fatal(err)
	}
	fetch(5, "removed")
	got, err := os.ReadFile(out)
	if err != nil || got[0] != s.want["mind.gguf"][42_999] {
		t.Errorf("what was made is not the file backwards (%v)", err)
	}
}

func TestStepThatFails(t *testing.T) {
	s := newShop(t)
	runs := 0
	step := reversing(&runs)
	broken := errors.New("odd tensor")
	step.Make = func(_ context.Context, _, out string) error {
		return errors.Join(broken, os.WriteFile(out, []byte("half"), 0o644))
	}
	store := s.open(func(c *Config) { c.Steps = []Step{step} })
	if err := store.Fetch(t.Context()); !errors.Is(err, broken) || !strings.Contains(err.Error(), "make made/mind.rev") {
		t.Errorf("got %v, want the step's error with its output", err)
	}
	found, err := store.List(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	if found[1].State != Present || found[1].Whole() || found[1].Made[0].State != Missing {
		t.Errorf("after a step that failed: %+v", found[1])
	}
}

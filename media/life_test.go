package media

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// usage is what the process holds: open files, resident memory in kB, goroutines.
func usage(t *testing.T) (files, kilobytes, goroutines int) {
	t.Helper()
	dir, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("counting open files: %v", err)
	}
	status, _ := os.ReadFile("/proc/self/status")
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, _ = strconv.Atoi(strings.Fields(after)[0])
	return len(dir), kilobytes, runtime.NumGoroutine()
}

// TestCallsLeaveNothing opens and closes what 200 calls need.
func TestCallsLeaveNothing(t *testing.T) {
	opus := rtpSpeech(t, 3)
	s := sources()[0]
	film := s.packets(s.film(t, 3))
	call := func() {
		r, err := NewOpusReader(testType)
		if err != nil {
			t.Fatal(err)
		}
		w, err := NewOpusWriter(func([]byte, time.Duration) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		v, err := NewVideoReader(s.mime, VideoOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range opus {
			_ = r.Push(b)
		}
		for _, picture := range film {
			for _, b := range picture {
				_ = v.Push(b)
			}
		}
		if err := w.WriteFrame(t.Context(), &Frame{PCM: make([]float32, OutputFrame)}); err != nil {
			t.Fatal(err)
		}
		r.Close()
		w.Close()
		v.Close()
	}
	for range 50 { // C's allocator and the thread pools find their size
		call()
	}
	runtime.GC()
	files, kilobytes, goroutines := usage(t)
	for range 200 {
		call()
	}
	runtime.GC()
	f, k, g := usage(t)
	t.Logf("open files %d then %d, memory %d then %d kB, goroutines %d then %d", files, f, kilobytes, k, goroutines, g)
	if f > files+4 || g > goroutines+2 || k > kilobytes+30_000 {
		t.Errorf("200 calls left something behind: files %d to %d, memory %d to %d kB, goroutines %d to %d",
			files, f, kilobytes, k, goroutines, g)
	}
}

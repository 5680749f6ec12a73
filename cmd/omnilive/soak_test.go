package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"omnilive/signaling/caller"
)

// serveForTest runs serve with the tiny model and returns its URL; the test's end stops it and waits.
func serveForTest(t *testing.T, args ...string) string {
	t.Helper()
	if os.Getenv("OMNILIVE_MODELS") == "" || os.Getenv("OMNILIVE_LIB") == "" {
		t.Skip("OMNILIVE_MODELS and OMNILIVE_LIB are not set: make test sets them")
	}
	ctx, stop := context.WithCancel(context.Background())
	r, w := io.Pipe()
	var serving sync.WaitGroup
	serving.Go(func() {
		err := runServe(ctx, append([]string{"--listen", "127.0.0.1:0", "--model", "tiny"}, args...), w)
		if err != nil {
			t.Errorf("serve: %v", err)
		}
		w.Close()
	})
	t.Cleanup(func() {
		stop()
		serving.Wait()
	})
	for lines := bufio.NewScanner(r); lines.Scan(); {
		if _, url, ok := strings.Cut(lines.Text(), "open "); ok {
			return strings.TrimSuffix(url, "/")
		}
	}
	t.Fatal("the server did not start")
	return ""
}

// held is what the process holds.
type held struct {
	memory          float64 // MB
	files, routines int
}

func holds(t *testing.T) held {
	t.Helper()
	runtime.GC()
	mb, err := residentMB(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return held{memory: mb, files: len(fds), routines: runtime.NumGoroutine()}
}

// settled waits until the process holds no more files and goroutines than it should: calls end a little after Close.
func settled(t *testing.T, want held) held {
	t.Helper()
	var now held
	for range 100 {
		if now = holds(t); now.files <= want.files && now.routines <= want.routines {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	return now
}

// freeLine waits until the server has a line free: a call ends a little after its caller has hung up.
func freeLine(t *testing.T, url string) {
	t.Helper()
	for range 200 {
		var health struct{ Calls int }
		r, err := http.Get(url + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		err = json.NewDecoder(r.Body).Decode(&health)
		r.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if health.Calls < 6 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the calls before do not end")
}

// 200 calls, each with a question typed into it, hung up in the middle of its answer: whatever a call held is free again.
func TestManyCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("200 calls take a minute")
	}
	url := serveForTest(t, "--max-calls", "8")
	call := func() {
		freeLine(t, url)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		created := make(chan struct{}, 8)
		c, err := caller.Dial(ctx, url, caller.Options{OnEvent: func(e caller.Event) {
			if e.Type == "response.created" {
				created <- struct{}{}
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := longAnswer(c); err != nil {
			t.Fatal(err)
		}
		select {
		case <-created:
		case <-ctx.Done():
			t.Fatal("no answer began")
		}
	}
	for range 20 { // pools and caches fill
		call()
	}
	time.Sleep(2 * time.Second)
	before := holds(t)
	for range 200 {
		call()
	}
	after := settled(t, before)
	t.Logf("before %+v, after %+v", before, after)
	if after.files > before.files+2 || after.routines > before.routines+4 || after.memory > before.memory+40 {
		t.Errorf("200 calls left something behind: before %+v, after %+v", before, after)
	}
}

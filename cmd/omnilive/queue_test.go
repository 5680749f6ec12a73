package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"omnilive/signaling/caller"
)

// A server with one place and one to wait in: the second call is told where it stands and gets in when the first ends, the
// third is told when to come again, and the model's own measurements are shown.
func TestServeQueue(t *testing.T) {
	url := serveForTest(t, "--max-calls", "1", "--queue", "1")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	first, err := caller.Dial(ctx, url, caller.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	told := make(chan string, 64)
	second, err := caller.Dial(ctx, url, caller.Options{OnEvent: func(e caller.Event) { told <- e.Type }})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if got := <-told; got != "omnilive.queue" {
		t.Errorf("the second call began with %s", got)
	}
	if _, err := caller.Dial(ctx, url, caller.Options{}); err == nil || !strings.Contains(err.Error(), "busy") {
		t.Errorf("the third call: %v", err)
	}
	r, err := http.Get(url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var health struct {
		Calls, Waiting int
		Cost           float64 `json:"call_cost"`
	}
	if err := json.NewDecoder(r.Body).Decode(&health); err != nil || health.Calls != 1 || health.Waiting != 1 || health.Cost <= 0 {
		t.Errorf("health %+v, %v", health, err)
	}
	_ = first.Close()
	for {
		select {
		case got := <-told:
			if got == "session.created" {
				return
			}
		case <-ctx.Done():
			t.Fatal("the second call was not let in")
		}
	}
}

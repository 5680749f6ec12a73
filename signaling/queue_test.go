package signaling_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"omnilive/signaling"
	"omnilive/signaling/caller"
)

// positions are those that omnilive.queue told a caller, in order, repetitions left out.
func positions(t *testing.T, r *record) (out []int) {
	t.Helper()
	for _, e := range r.all() {
		if e.Type != "omnilive.queue" {
			continue
		}
		var m struct {
			Position *int  `json:"position"`
			Wait     int64 `json:"estimated_wait_ms"`
		}
		if err := json.Unmarshal(e.Raw, &m); err != nil || m.Position == nil || (*m.Position == 0) != (m.Wait == 0) {
			t.Errorf("%s: %v", e.Raw, err)
			continue
		}
		if len(out) == 0 || out[len(out)-1] != *m.Position {
			out = append(out, *m.Position)
		}
	}
	return out
}

// Calls that find no place wait in order, are told where they stand, and are served when it is their turn; who hangs up makes
// room for those behind; who finds the queue full is refused and told when to come again.
func TestQueue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{Calls: 1, Admission: signaling.Admission{Queue: 3}})
		defer w.close()
		var calls []*caller.Call
		var records []*record
		for range 4 {
			c, r, err := w.dial(caller.Options{})
			if err != nil {
				t.Fatal(err)
			}
			calls, records = append(calls, c), append(records, r)
			time.Sleep(time.Second)
		}
		_, _, err := w.hub.Answer(t.Context(), readOffer(t), signaling.CallOptions{})
		var busy *signaling.BusyError
		if !errors.Is(err, signaling.ErrBusy) || !errors.As(err, &busy) || busy.RetryAfter < time.Second || busy.RetryAfter > 2*time.Minute {
			t.Errorf("the fifth call: %v", err)
		}
		if s := w.hub.Stats(); s.Active != 1 || s.Waiting != 3 || s.Refused != 1 {
			t.Errorf("%+v", s)
		}
		time.Sleep(time.Minute)
		_ = calls[2].Close() // gives up
		time.Sleep(time.Second)
		for _, i := range []int{0, 1, 3} {
			if _, ok := records[i].find("session.created"); !ok {
				t.Fatalf("call %d was not let in: %v", i, records[i].types())
			}
			_ = calls[i].Say(loud(20))
			if _, err := calls[i].Answer(t.Context(), 0); err != nil {
				t.Fatalf("call %d: %v", i, err)
			}
			_ = calls[i].Close()
			time.Sleep(time.Second)
		}
		for i, want := range [][]int{nil, {1, 0}, {2}, {3, 2, 1, 0}} {
			if got := positions(t, records[i]); !slices.Equal(got, want) {
				t.Errorf("call %d stood at %v, want %v", i, got, want)
			}
		}
		if s := w.hub.Stats(); s.Active != 0 || s.Waiting != 0 || s.Waited != 2 || s.Left != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// A call that would make others stutter waits although there are places, and gets in when the load has gone.
func TestLoadAdmits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		began, share := time.Now(), 0.6
		work := time.Duration(0)
		w := newWorld(t, signaling.Config{Admission: signaling.Admission{
			Queue: 2,
			Busy: func(dst []time.Duration) []time.Duration {
				now := time.Since(began)
				began = time.Now()
				work += time.Duration(share * float64(now))
				return append(dst, work, 0)
			},
			Cost: func() float64 { return 0.6 },
		}})
		defer w.close()
		one, _, err := w.dial(caller.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer one.Close()
		time.Sleep(20 * time.Second)
		two, r, err := w.dial(caller.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer two.Close()
		time.Sleep(20 * time.Second)
		if s := w.hub.Stats(); s.Active != 1 || s.Waiting != 1 || s.Load.Now < 0.5 || s.Load.Call < 0.5 {
			t.Fatalf("under load: %+v", s)
		}
		if _, ok := r.find("session.created"); ok {
			t.Fatal("it was let in")
		}
		_ = one.Close()
		time.Sleep(2 * time.Second)
		if got := positions(t, r); !slices.Equal(got, []int{1, 0}) {
			t.Errorf("it stood at %v", got)
		}
	})
}

// Whoever hangs up before the turn comes, connected or not, leaves nothing behind, and a place is not lost on who has not
// connected.
func TestQueueOfTheAbsent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{Calls: 1, Admission: signaling.Admission{Queue: 4}})
		defer w.close()
		first, _, err := w.dial(caller.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.hub.Answer(t.Context(), readOffer(t), signaling.CallOptions{}); err != nil {
			t.Fatal(err)
		}
		next, r, err := w.dial(caller.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_ = first.Close()
		time.Sleep(time.Second)
		if got := positions(t, r); !slices.Equal(got, []int{2, 0}) {
			t.Errorf("it stood at %v", got)
		}
		_ = next.Close()
		time.Sleep(40 * time.Second)
		if s := w.hub.Stats(); s.Active != 0 || s.Waiting != 0 || s.Left != 1 {
			t.Errorf("%+v", s)
		}
	})
}

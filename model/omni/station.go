package omni

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"omnilive/model/ggml"
	"omnilive/model/llama"
)

// A station is a device that networks run on, one at a time: first those of the highest class, in one class those that came
// first.
type station struct {
	backend *ggml.Backend

	mu    sync.Mutex
	held  bool
	class llama.Class // of who holds it
	since time.Time
	queue []*waiter
	busy  time.Duration // held in all, Background aside
}

// A waiter is somebody who wants the device.
type waiter struct {
	class llama.Class
	came  time.Time
	ready chan struct{} // closed when it holds the device
}

// lock waits for the device; the returned function gives it back. Who waits is not driven away when ctx ends: what runs on
// the device looks at ctx itself.
func (s *station) lock(ctx context.Context) (unlock func()) {
	s.take(classOf(ctx), time.Now())
	return s.give
}

func (s *station) take(class llama.Class, came time.Time) {
	s.mu.Lock()
	if !s.held {
		s.begin(class)
		s.mu.Unlock()
		return
	}
	w := &waiter{class, came, make(chan struct{})}
	s.queue = append(s.queue, w)
	s.mu.Unlock()
	<-w.ready
}

// begin notes a new holder; s.mu is held.
func (s *station) begin(class llama.Class) { s.held, s.class, s.since = true, class, time.Now() }

// give hands the device to who is next.
func (s *station) give() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.class > llama.Background {
		s.busy += time.Since(s.since)
	}
	s.held = false
	if i := s.next(); i >= 0 {
		w := s.queue[i]
		s.queue = slices.Delete(s.queue, i, i+1)
		s.begin(w.class)
		close(w.ready)
	}
}

// next is the place of who waits most urgently, -1 where nobody does; s.mu is held.
func (s *station) next() int {
	if len(s.queue) == 0 {
		return -1
	}
	now, best := time.Now(), 0
	for i, w := range s.queue[1:] {
		b := s.queue[best]
		if cmp.Or(cmp.Compare(b.now(now), w.now(now)), w.came.Compare(b.came)) < 0 {
			best = i + 1
		}
	}
	return best
}

// now is the class that w has by waiting.
func (w *waiter) now(t time.Time) llama.Class {
	if w.class == llama.Background && t.Sub(w.came) > llama.Patience {
		return llama.Normal
	}
	return w.class
}

// giveWay is called by a holder that works for long: it lets those on the device who wait and are no less urgent, and takes it
// back behind them. What the holder has on the device stays; nobody else may use its network meanwhile.
func (s *station) giveWay() {
	s.mu.Lock()
	i, class := s.next(), s.class
	yes := i >= 0 && s.queue[i].now(time.Now()) >= class
	s.mu.Unlock()
	if yes {
		s.give()
		s.take(class, time.Now())
	}
}

// work is how long the device has been held for calls.
func (s *station) work() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held && s.class > llama.Background {
		return s.busy + time.Since(s.since)
	}
	return s.busy
}

// at is where a component runs.
func (m *Model) at(component string) *station { return m.stations[m.o.Place[component]] }

// openStations starts every device that a component is placed on. The language model is libllama's own business.
func openStations(o Options) (map[string]*station, error) {
	all := map[string]*station{}
	for _, c := range Placed {
		device := o.Place[c]
		if c == LanguageModel || all[device] != nil {
			continue
		}
		b, err := ggml.OpenBackend(device, o.Threads)
		if err != nil {
			closeStations(all)
			return nil, err
		}
		all[device] = &station{backend: b}
	}
	return all, nil
}

func closeStations(all map[string]*station) {
	for _, s := range all {
		s.backend.Close()
	}
}

// place says where every component runs: where o has it, else where there is room.
func (f *Folder) place(o Options) (map[string]string, error) {
	devices, err := ggml.Devices()
	if err != nil {
		return nil, err
	}
	var place map[string]string
	if o.CPUOnly || len(devices) == 1 {
		place = DefaultPlace(nil, nil)
	} else {
		place = DefaultPlace(devices, f.sizes(o))
	}
	for c, device := range o.Place {
		if _, err := ggml.FindDevice(device); err != nil {
			return nil, fmt.Errorf("place %s: %w", c, err)
		}
		place[c] = cmp.Or(device, ggml.Processor)
	}
	return place, nil
}

// sizes are the bytes that each component takes where it runs.
func (f *Folder) sizes(o Options) map[string]int64 {
	sizes := map[string]int64{}
	parts, _ := f.Inspect()
	for _, p := range parts {
		c := cmp.Or(partsOf[p.Name], p.Name)
		sizes[c] += p.Memory(o.kept(c))
	}
	// What the language model remembers: keys and values of 2 bytes, and the logits of a step beside its weights.
	l := f.Config.Language
	positions := int64(cmp.Or(o.Engine.ContextPerSequence, 4096)) * int64(cmp.Or(o.Engine.Sequences, 8))
	sizes[LanguageModel] += positions * l.Layers * l.KeyHeads * l.HeadSize * 4
	return sizes
}

package omni

import (
	"cmp"
	"fmt"
	"sync"

	"omnilive/model/ggml"
)

// A station is a device that networks run on, one at a time.
type station struct {
	backend *ggml.Backend
	mu      sync.Mutex
}

// lock waits for the device; the returned function gives it back.
func (s *station) lock() (unlock func()) {
	s.mu.Lock()
	return s.mu.Unlock
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
	whose := map[string]string{
		VisionProjector: VisionModel, AudioProjector: AudioModel, NamedVoices: VocoderPlace, ClonedVoice: VocoderPlace, ImageDecoder: DecoderPlace,
	}
	sizes := map[string]int64{}
	parts, _ := f.Inspect()
	for _, p := range parts {
		c := cmp.Or(whose[p.Name], p.Name)
		sizes[c] += p.Memory(o.kept(c))
	}
	// What the language model remembers: keys and values of 2 bytes, and the logits of a step beside its weights.
	l := f.Config.Language
	positions := int64(cmp.Or(o.Engine.ContextPerSequence, 4096)) * int64(cmp.Or(o.Engine.Sequences, 8))
	sizes[LanguageModel] += positions * l.Layers * l.KeyHeads * l.HeadSize * 4
	return sizes
}

package omni

import (
	"runtime"
	"time"

	"omnilive/model/ggml"
)

// Work appends how long each thing that computes for calls has been at work so far: the language model, the devices of
// networks in the order of Placed, and what the language model shares with networks. Threads of the processor count for
// their share of its cores. What was marked as Background is left out.
func (m *Model) Work(dst []time.Duration) []time.Duration {
	home := m.o.Place[LanguageModel]
	words := m.language.engine.Work().Busy
	dst = append(dst, words)
	for i, c := range Placed[1:] {
		s := m.at(c)
		if s == nil || m.placed(s, Placed[1:i+1]) {
			continue
		}
		nets := s.work()
		if dst = append(dst, nets); m.o.Place[c] == home {
			dst = append(dst, m.share(home, words, nets))
		}
	}
	return dst
}

// placed tells whether one of the components runs at s.
func (m *Model) placed(s *station, components []string) bool {
	for _, c := range components {
		if m.at(c) == s {
			return true
		}
	}
	return false
}

// share is how long a device that is home to both was at work.
func (m *Model) share(device string, words, nets time.Duration) time.Duration {
	if device != ggml.Processor && device != "" {
		return words + nets // a GPU does one after the other
	}
	threads := words*time.Duration(m.language.engine.Options().Threads) + nets*time.Duration(m.o.Threads)
	return threads / time.Duration(runtime.GOMAXPROCS(0))
}

package signaling

import (
	"slices"

	"omnilive/streaming"
)

// keptItems is how many of a call's newest items conversation.item.retrieve can give back.
const keptItems = 64

// items are the newest items of a conversation as they were last told, oldest first.
type items struct{ kept []streaming.Item }

func (s *items) at(id string) int {
	return slices.IndexFunc(s.kept, func(it streaming.Item) bool { return it.ID == id })
}

// put adds it or replaces what was told of it before.
func (s *items) put(it streaming.Item) {
	it.Content = slices.Clone(it.Content)
	if i := s.at(it.ID); i >= 0 {
		s.kept[i] = it
		return
	}
	if len(s.kept) == keptItems {
		s.kept = slices.Delete(s.kept, 0, 1)
	}
	s.kept = append(s.kept, it)
}

// transcribe sets the words of an item's sound.
func (s *items) transcribe(id, words string) {
	i := s.at(id)
	if i < 0 {
		return
	}
	for j, p := range s.kept[i].Content {
		if p.Type == streaming.PartInputAudio || p.Type == streaming.PartOutputAudio {
			s.kept[i].Content[j].Transcript = &words
		}
	}
}

// get returns the item called id.
func (s *items) get(id string) (streaming.Item, bool) {
	if i := s.at(id); i >= 0 {
		return s.kept[i], true
	}
	return streaming.Item{}, false
}

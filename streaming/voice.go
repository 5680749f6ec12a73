package streaming

import (
	"context"
	"strings"
	"sync"

	"omnilive/model"
)

// maxReferences bounds the recordings of a call: each costs the vocoder a moment that other calls wait for.
const maxReferences = 8

// references are the voices that a call brought recordings of.
type references struct {
	mu    sync.Mutex
	names map[string]bool
}

// full tells whether there may be no more.
func (r *references) full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.names) >= maxReferences
}

func (r *references) add(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.names == nil {
		r.names = map[string]bool{}
	}
	r.names[name] = true
}

// clone puts the voice of a recording in its place. It may take a second: nothing of the call waits for it but the caller.
func (s *Session) clone(ctx context.Context, u Update) Update {
	const param = "session.audio.output.voice"
	samples := u.Reference
	u.Reference = nil
	cloner, ok := s.cfg.Model.(model.VoiceCloner)
	if !ok {
		u.refused = invalid(param, "this model speaks in its own voices only: %v", s.cfg.Model.Abilities().Voices)
		return u
	}
	if s.references.full() {
		u.refused = invalid(param, "a call may bring %d recordings; go on with one of their voices", maxReferences)
		return u
	}
	name, err := cloner.CloneVoice(ctx, samples)
	if err != nil {
		u.refused = invalid(param, "no voice can be made of the reference: %v", err)
		return u
	}
	s.references.add(name)
	u.Voice, u.cloned = &name, name
	return u
}

// clonePrefix begins the names of cloned voices (model.VoiceCloner).
const clonePrefix = "like-"

// NamesClone tells whether a name may be a cloned voice's.
func NamesClone(voice string) bool { return strings.Contains(voice, clonePrefix) }

// IsCloned tells whether the voice in force is a recording's, and not one of the model's own.
func (s Settings) IsCloned() bool {
	for _, c := range s.clones {
		if c == s.Voice {
			return true
		}
	}
	return false
}

package omni

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"

	"omnilive/model"
)

// ClonePrefix begins the names of voices that are made of recordings.
const ClonePrefix = "like-"

// mostClones bounds how many voices are kept.
const mostClones = 64

// What a recording has to be, in seconds and in full scale.
const (
	shortestReference = 1
	longestReference  = 120
	quietestReference = 0.001 // the loudest sample of what is not silence
)

// clones are the voices made of recordings, the one used last at the end.
type clones struct {
	kept   []Voice
	pinned map[string]bool // names that stay
}

// CloneVoice returns the name of a recording's voice, 24 kHz mono in [-1, 1), for Voice: "like-" and a part of the
// recording's hash, so that equal recordings have equal names and nobody guesses another's. The 64 used last are kept.
func (m *Model) CloneVoice(ctx context.Context, samples []float32) (string, error) {
	if err := checkReference(samples); err != nil {
		return "", err
	}
	name := nameOf(samples)
	defer m.at(VocoderPlace).lock(ctx)()
	if _, err := m.voices.clones.find(name); err == nil {
		return name, nil
	}
	v, err := m.voices.like(ctx, samples)
	if err != nil {
		return "", err
	}
	v.Name = name
	m.voices.clones.keep(v)
	return name, nil
}

// PinVoice keeps a voice that CloneVoice named until Close, beside the 64.
func (m *Model) PinVoice(name string) error {
	defer m.at(VocoderPlace).lock(context.Background())()
	c := &m.voices.clones
	if _, err := c.find(name); err != nil {
		return err
	}
	if c.pinned == nil {
		c.pinned = map[string]bool{}
	}
	c.pinned[name] = true
	return nil
}

// find returns a voice and notes that it was used.
func (c *clones) find(name string) (Voice, error) {
	i := slices.IndexFunc(c.kept, func(v Voice) bool { return v.Name == name })
	if i < 0 {
		return Voice{}, fmt.Errorf("no voice %.40q is kept: give its recording again", name)
	}
	v := c.kept[i]
	c.kept = append(slices.Delete(c.kept, i, i+1), v)
	return v, nil
}

// keep adds a voice, in place of the one used longest ago where there are enough.
func (c *clones) keep(v Voice) {
	if len(c.kept)-len(c.pinned) >= mostClones {
		i := slices.IndexFunc(c.kept, func(v Voice) bool { return !c.pinned[v.Name] })
		c.kept = slices.Delete(c.kept, i, i+1)
	}
	c.kept = append(c.kept, v)
}

// checkReference refuses what no voice can be made of.
func checkReference(samples []float32) error {
	loudest := float32(0)
	for _, x := range samples {
		if x-x != 0 {
			return errors.New("the recording holds a sample that is not a number")
		}
		loudest = max(loudest, x, -x)
	}
	switch n := float64(len(samples)) / model.OutputRate; {
	case n < shortestReference:
		return fmt.Errorf("the recording lasts %.1f s: give at least %d s of one speaker", n, shortestReference)
	case n > longestReference:
		return fmt.Errorf("the recording lasts %.0f s: give at most %d s", n, longestReference)
	case loudest < quietestReference:
		return errors.New("the recording is silent: give one in which somebody speaks")
	}
	return nil
}

// nameOf names a recording by its numbers.
func nameOf(samples []float32) string {
	h := sha256.New()
	var b [4096]byte
	for part := range slices.Chunk(samples, len(b)/4) {
		for i, x := range part {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
		}
		h.Write(b[:4*len(part)])
	}
	return ClonePrefix + hex.EncodeToString(h.Sum(nil)[:8])
}

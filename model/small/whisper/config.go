package whisper

import (
	"fmt"
	"slices"

	"omnilive/model/gguf"
)

// limits of the network that are the same for every Whisper of 80 bands.
const (
	maxFrames = 3000 // mel frames: 30 s
	maxStates = 1500 // encoder states
	maxText   = 448  // decoder positions
	eps       = 1e-5
)

// A config is the size of the network and the ids with a meaning.
type config struct {
	width, heads, headSize int
	encoders, decoders     int
	vocabulary             int
	aligned                [][2]int // decoder layer and head that follow the sound
	suppress, first        []int32  // ids never chosen; ids not chosen as the first
}

func readConfig(f *gguf.File) (config, error) {
	var c config
	if a, err := f.String("general.architecture"); err != nil || a != Architecture {
		return c, fmt.Errorf("architecture is %q, want %q: make the file with `omnilive models fetch`", a, Architecture)
	}
	var err error
	number := func(key string, least, most int) (n int) {
		if err == nil {
			n, err = f.Int("whisper."+key, least, most)
		}
		return n
	}
	number("version", formatVersion, formatVersion)
	c.heads = number("heads", 1, 64)
	c.encoders = number("encoder.layers", 1, 64)
	c.decoders = number("decoder.layers", 1, 64)
	if err != nil {
		return c, err
	}
	e, err := f.Tensor("decoder.embedding")
	if err != nil {
		return c, err
	}
	if len(e.Shape) != 2 || e.Shape[0] > 4096 || e.Shape[0]%int64(c.heads) != 0 || e.Shape[1] > 1<<20 {
		return c, fmt.Errorf("tensor %q has shape %v", e.Name, e.Shape)
	}
	c.width, c.vocabulary = int(e.Shape[0]), int(e.Shape[1])
	c.headSize = c.width / c.heads
	if err := c.readAligned(f); err != nil {
		return c, err
	}
	if c.suppress, err = c.ids(f, "whisper.suppress"); err != nil {
		return c, err
	}
	c.first, err = c.ids(f, "whisper.suppress_begin")
	return c, err
}

func (c *config) readAligned(f *gguf.File) error {
	pairs, err := f.Ints("whisper.alignment_heads")
	if err != nil {
		return err
	}
	for p := range slices.Chunk(pairs, 2) {
		if len(p) != 2 || p[0] < 0 || p[0] >= int64(c.decoders) || p[1] < 0 || p[1] >= int64(c.heads) {
			return fmt.Errorf("alignment head %v of %d layers and %d heads", p, c.decoders, c.heads)
		}
		c.aligned = append(c.aligned, [2]int{int(p[0]), int(p[1])})
	}
	return nil
}

// ids reads a list of token ids, each of which the vocabulary has.
func (c *config) ids(f *gguf.File, key string) ([]int32, error) {
	all, err := f.Ints(key)
	if err != nil {
		return nil, err
	}
	out := make([]int32, len(all))
	for i, id := range all {
		if id < 0 || id >= int64(c.vocabulary) {
			return nil, fmt.Errorf("%s: id %d of %d", key, id, c.vocabulary)
		}
		out[i] = int32(id)
	}
	return out, nil
}

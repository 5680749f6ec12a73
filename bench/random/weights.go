package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"omnilive/model/checkpoint"
	"omnilive/model/gguf"
	"omnilive/model/omni"
	"omnilive/model/omni/omnitest"
)

// A random gives numbers of f16: normal ones of 0.02, out of a pool that is begun at another place for every tensor.
type random struct {
	r                  *rand.Rand
	pool, ones, zeroes []byte
}

const poolSize = 8 << 20

func newRandom() *random {
	r := rand.New(rand.NewPCG(8, 8))
	x := &random{r: r, pool: make([]byte, 0, poolSize), ones: make([]byte, 0, poolSize), zeroes: make([]byte, poolSize)}
	for range poolSize / 2 {
		x.pool = binary.LittleEndian.AppendUint16(x.pool, half(r.NormFloat64()*0.02))
		x.ones = append(x.ones, 0, 0x3c)
	}
	return x
}

// half is a small number as f16, below 1 and cut towards zero.
func half(v float64) uint16 {
	sign := uint16(0)
	if v < 0 {
		sign, v = 0x8000, -v
	}
	exponent := uint16(15)
	for ; v < 1 && exponent > 0; exponent-- {
		v *= 2
	}
	if exponent == 0 {
		return sign
	}
	return sign | exponent<<10 | uint16((v-1)*1024)&1023
}

// of is where the numbers of a tensor are taken from: norms are ones and biases nothing, so that layers neither die nor explode.
func (x *random) of(name string, shape []int64) []byte {
	switch {
	case strings.HasSuffix(name, ".bias"):
		return x.zeroes
	case len(shape) == 1 && strings.HasSuffix(name, ".weight"):
		return x.ones
	}
	return x.pool
}

// pieces calls f with the bytes of a tensor, some at a time.
func (x *random) pieces(name string, shape []int64, bytes int64, f func(b []byte, last bool) error) error {
	from := x.of(name, shape)
	at := x.r.IntN(poolSize/4) * 2
	for done := int64(0); done < bytes; {
		n := min(int64(len(from)-at), bytes-done)
		done += n
		if err := f(from[at:int64(at)+n], done == bytes); err != nil {
			return err
		}
		at = x.r.IntN(poolSize/4) * 2
	}
	return nil
}

// deep are the numbered layers that -layers cuts; the compressor has one, and the image tokenizer's decoder is never run.
var deep = regexp.MustCompile(`^model\.(vision_model\.blocks|audio_model\.layers|language_model\.model\.layers|discrete_vision_model\.encoder\.encoder\.layers|discrete_audio_model\.encoder\.blocks)\.(\d+)\.`)

// kept are the tensors of the first layers, as f16.
func kept(layers int) (all []checkpoint.Tensor) {
	for _, t := range omnitest.Published() {
		if m := deep.FindStringSubmatch(t.Name); m != nil && layers > 0 {
			if n, err := strconv.Atoi(m[2]); err != nil || n >= layers {
				continue
			}
		}
		t.Type = gguf.F16
		all = append(all, t)
	}
	return all
}

// writeComponents writes the tensors of each component into a file of its own, and their index.
func writeComponents(out string, layers int, x *random) error {
	tensors, where, total := kept(layers), map[string]string{}, int64(0)
	files, order := map[string][]checkpoint.Tensor{}, []string{}
	for _, t := range tensors {
		c := omni.ComponentOf(t.Name)
		if files[c] == nil {
			order = append(order, c)
		}
		files[c] = append(files[c], t)
		total += t.Bytes()
	}
	bar := progressbar.NewOptions64(total, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowBytes(true),
		progressbar.OptionSetDescription("writing"), progressbar.OptionThrottle(500*time.Millisecond))
	defer bar.Close()
	for i, c := range order {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(order))
		for _, t := range files[c] {
			where[t.Name] = name
		}
		if err := writeShard(filepath.Join(out, name), files[c], x, bar); err != nil {
			return err
		}
	}
	index, err := json.Marshal(map[string]any{"metadata": map[string]int64{"total_size": total}, "weight_map": where})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "model.safetensors.index.json"), index, 0o644)
}

// writeShard streams a safetensors file to the disk.
func writeShard(path string, tensors []checkpoint.Tensor, x *random, bar io.Writer) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	header, at := map[string]any{"__metadata__": map[string]string{"format": "pt"}}, int64(0)
	for _, t := range tensors {
		header[t.Name] = map[string]any{"dtype": "F16", "shape": t.Shape, "data_offsets": []int64{at, at + t.Bytes()}}
		at += t.Bytes()
	}
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	if _, err := file.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)); err != nil {
		return err
	}
	to := io.MultiWriter(file, bar)
	for _, t := range tensors {
		err := x.pieces(t.Name, t.Shape, t.Bytes(), func(b []byte, _ bool) error { _, err := to.Write(b); return err })
		if err != nil {
			return err
		}
	}
	return nil
}

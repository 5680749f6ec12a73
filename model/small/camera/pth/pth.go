// Package pth reads the tensors of a PyTorch state dictionary in the format torch.save wrote before version 1.6: five
// pickles (magic number, protocol version, the writer's sizes, the dictionary, the storage keys), then the storages, each
// led by its length. Of pickle only the opcodes such a file needs are known, and of the functions it may call only the
// two that build a dictionary and a tensor; they are recognised, not run.
//
// # Concurrency
//
// Read and Decode may be called by many goroutines at once.
package pth

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
)

// maxElements bounds one tensor, maxTensors their number; a file beyond them is refused.
const (
	maxElements = 1 << 28
	maxTensors  = 1 << 16
)

// A Tensor is a float32 array of some shape, the last dimension running fastest.
type Tensor struct {
	Shape []int
	Data  []float32
}

// Read returns the float32 tensors of the state dictionary in the file at path, by name. Tensors of whole numbers (such
// as counters of training steps) are left out.
func Read(path string) (map[string]Tensor, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read weights: %w", err)
	}
	t, err := Decode(b)
	if err != nil {
		return nil, fmt.Errorf("read weights %s: %w", path, err)
	}
	return t, nil
}

// magic is the long integer 0x1950a86a20f9469cfc6c that leads the format.
var magic = []byte{0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19}

// Decode is Read for a file in memory.
func Decode(b []byte) (map[string]Tensor, error) {
	if bytes.HasPrefix(b, []byte("PK\x03\x04")) {
		return nil, errors.New("a zip file, the newer format of torch.save; only the older one is known")
	}
	u := &unpickler{data: b}
	var parts [5]any
	for i := range parts {
		v, err := u.next()
		if err != nil {
			return nil, fmt.Errorf("pickle %d at byte %d: %w", i+1, u.pos, err)
		}
		parts[i] = v
	}
	if m, ok := parts[0].(long); !ok || !bytes.Equal([]byte(m), magic) {
		return nil, errors.New("not a file of torch.save: wrong magic number")
	}
	if v, ok := parts[1].(int64); !ok || v != 1001 {
		return nil, fmt.Errorf("protocol version %v, only 1001 is known", parts[1])
	}
	dict, ok := parts[3].(*dictionary)
	if !ok {
		return nil, errors.New("it holds no state dictionary")
	}
	keys, ok := parts[4].(*list)
	if !ok {
		return nil, errors.New("the list of storages is missing")
	}
	storages, err := readStorages(b[u.pos:], keys.items, u.storages)
	if err != nil {
		return nil, err
	}
	return tensors(dict, storages)
}

// readStorages finds the bytes of every storage: 8 bytes that count its elements, then the elements.
func readStorages(b []byte, keys []any, known map[string]*storage) (map[string][]byte, error) {
	found := make(map[string][]byte, len(keys))
	for _, k := range keys {
		key, ok := k.(string)
		s := known[key]
		if !ok || s == nil {
			return nil, fmt.Errorf("storage %v is not in the dictionary", k)
		}
		if len(b) < 8 {
			return nil, fmt.Errorf("storage %s: the file ends too early", key)
		}
		n := binary.LittleEndian.Uint64(b)
		if n != uint64(s.count) {
			return nil, fmt.Errorf("storage %s holds %d elements, %d expected", key, n, s.count)
		}
		b = b[8:]
		size := s.count * s.width
		if len(b) < size {
			return nil, fmt.Errorf("storage %s: the file ends too early", key)
		}
		found[key], b = b[:size], b[size:]
	}
	return found, nil
}

// tensors copies the dictionary's float32 tensors out of their storages.
func tensors(d *dictionary, storages map[string][]byte) (map[string]Tensor, error) {
	out := make(map[string]Tensor)
	total := 0
	for i, k := range d.keys {
		name, ok := k.(string)
		v, isTensor := d.values[i].(*view)
		if !ok || !isTensor || !v.storage.float {
			continue
		}
		b, ok := storages[v.storage.key]
		if !ok {
			return nil, fmt.Errorf("tensor %q: storage %s is missing", name, v.storage.key)
		}
		n, err := v.count()
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		if total += n; total > maxElements || len(out) >= maxTensors {
			return nil, errors.New("more tensors than this reader takes")
		}
		data := make([]float32, 0, n)
		v.gather(0, v.offset, func(at int) {
			data = append(data, math.Float32frombits(binary.LittleEndian.Uint32(b[4*at:])))
		})
		out[name] = Tensor{Shape: v.shape, Data: data}
	}
	if len(out) == 0 {
		return nil, errors.New("no tensors in it")
	}
	return out, nil
}

// count is the number of elements of a view, once it is sure to lie inside its storage.
func (v *view) count() (int, error) {
	n, last := 1, v.offset
	for i, s := range v.shape {
		if s < 1 || n > maxElements/s || v.stride[i] < 0 || v.stride[i] > maxElements {
			return 0, fmt.Errorf("shape %v with stride %v is out of range", v.shape, v.stride)
		}
		n *= s
		last += (s - 1) * v.stride[i]
	}
	if last >= v.storage.count || n > v.storage.count {
		return 0, fmt.Errorf("shape %v with stride %v leaves its storage of %d", v.shape, v.stride, v.storage.count)
	}
	return n, nil
}

// gather calls visit with the place in the storage of every element from dimension d on, in order. Weights that came
// from TensorFlow lie transposed.
func (v *view) gather(d, at int, visit func(at int)) {
	if d == len(v.shape) {
		visit(at)
		return
	}
	for range v.shape[d] {
		v.gather(d+1, at, visit)
		at += v.stride[d]
	}
}

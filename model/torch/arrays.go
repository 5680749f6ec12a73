package torch

import (
	"encoding/binary"
	"fmt"
	"math"

	"omnilive/model/gguf"
)

// maxArrays bounds what Arrays takes into memory.
const maxArrays = 1 << 28

// An Array is a float32 array of some shape, the last dimension running fastest.
type Array struct {
	Shape []int
	Data  []float32
}

// Arrays returns the float32 tensors in the file at path, by name. Tensors of other numbers are left out.
func Arrays(path string) (map[string]Array, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := make(map[string]Array)
	total := int64(0)
	for _, t := range f.tensors {
		if t.Type != gguf.F32 {
			continue
		}
		n := t.Elements()
		if total += n; total > maxArrays {
			return nil, fmt.Errorf("read weights %s: more than %d numbers", path, maxArrays)
		}
		b := make([]byte, 4*n)
		if err := f.Read(t, 0, b); err != nil {
			return nil, fmt.Errorf("read weights %s: %w", path, err)
		}
		a := Array{Data: make([]float32, n)}
		for _, d := range t.Shape {
			a.Shape = append(a.Shape, int(d))
		}
		for i := range a.Data {
			a.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
		out[t.Name] = a
	}
	return out, nil
}

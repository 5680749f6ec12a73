package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// bytesOf are the bytes of an element of each type.
var bytesOf = map[string]int64{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1,
	"I16": 2, "U16": 2, "F16": 2, "BF16": 2,
	"I32": 4, "U32": 4, "F32": 4,
	"I64": 8, "U64": 8, "F64": 8,
}

type entry struct {
	Type    string  `json:"dtype"`
	Shape   []int64 `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// parse reads the header, name by name so that one which is there twice is seen, and places the tensors of the file.
func (f *File) parse(header []byte, start, size int64) error {
	d := json.NewDecoder(bytes.NewReader(header))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("header: no JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return fmt.Errorf("header: %w", err)
		}
		name, _ := t.(string)
		if seen[name] || name == "" || len(name) > maxName || len(seen) > maxTensors {
			return fmt.Errorf("tensor name %.80q is empty, too long, there twice or one too many", name)
		}
		seen[name] = true
		if err := f.entry(d, name, start, size); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if d.More() {
		return errors.New("header: more than one JSON object")
	}
	return f.apart()
}

func (f *File) entry(d *json.Decoder, name string, start, size int64) error {
	if name == "__metadata__" {
		if err := d.Decode(&f.Metadata); err != nil {
			return fmt.Errorf("metadata: %w", err)
		}
		return nil
	}
	var e entry
	if err := d.Decode(&e); err != nil {
		return fmt.Errorf("tensor %.80q: %w", name, err)
	}
	n, err := e.size()
	if err != nil {
		return fmt.Errorf("tensor %.80q: %w", name, err)
	}
	if len(e.Offsets) != 2 || e.Offsets[0] < 0 || e.Offsets[1] < e.Offsets[0] || e.Offsets[1] > size-start {
		return fmt.Errorf("tensor %.80q: offsets %v do not lie in the %d bytes of data: the file is cut or damaged, fetch it again", name, e.Offsets, size-start)
	}
	if e.Offsets[1]-e.Offsets[0] != n {
		return fmt.Errorf("tensor %.80q: %d bytes for %s%v, which takes %d", name, e.Offsets[1]-e.Offsets[0], e.Type, e.Shape, n)
	}
	f.Tensors = append(f.Tensors, Tensor{Name: name, Type: e.Type, Shape: e.Shape, Offset: start + e.Offsets[0], Size: n})
	return nil
}

// size returns the bytes that the entry's type and shape take.
func (e *entry) size() (int64, error) {
	n, ok := bytesOf[e.Type]
	if !ok {
		return 0, fmt.Errorf("unknown type %.20q", e.Type)
	}
	if len(e.Shape) > maxDims {
		return 0, fmt.Errorf("%d dimensions, at most %d", len(e.Shape), maxDims)
	}
	for _, d := range e.Shape {
		if d < 0 || d > 0 && n > (1<<46)/d {
			return 0, fmt.Errorf("impossible shape %v", e.Shape)
		}
		n *= d
	}
	return n, nil
}

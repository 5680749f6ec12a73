package torch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// magic is the long integer 0x1950a86a20f9469cfc6c that leads the format of before version 1.6.
var magic = []byte{0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19}

// maxPickle bounds the pickles of a file: names, shapes and places, not the numbers.
const maxPickle = 64 << 20

// legacy reads the older format: five pickles (magic number, protocol version, the writer's sizes, the dictionary, the
// keys of the storages), then the storages, each led by its length.
func legacy(r io.ReaderAt, size int64) (*dictionary, error) {
	head := make([]byte, min(size, maxPickle))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	u := &unpickler{data: head}
	var parts [5]any
	for i := range parts {
		v, err := u.next()
		if err != nil {
			return nil, fmt.Errorf("pickle %d at byte %d: %w", i+1, u.pos, err)
		}
		parts[i] = v
		if m, ok := parts[0].(long); !ok || !bytes.Equal([]byte(m), magic) {
			return nil, errors.New("not a file of torch.save: wrong magic number")
		}
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
	return dict, u.findStorages(r, int64(u.pos), size, keys.items)
}

// findStorages walks over the storages from byte at on: 8 bytes that count the elements, then the elements.
func (u *unpickler) findStorages(r io.ReaderAt, at, size int64, keys []any) error {
	for _, k := range keys {
		key, ok := k.(string)
		s := u.storages[key]
		if !ok || s == nil {
			return fmt.Errorf("storage %v is not in the dictionary", k)
		}
		var length [8]byte
		if at > size-8 {
			return fmt.Errorf("storage %s: the file ends too early", key)
		}
		if _, err := r.ReadAt(length[:], at); err != nil {
			return fmt.Errorf("storage %s: %w", key, err)
		}
		if n := binary.LittleEndian.Uint64(length[:]); n != uint64(s.count) {
			return fmt.Errorf("storage %s holds %d elements, %d expected", key, n, s.count)
		}
		if err := s.found(at+8, size); err != nil {
			return fmt.Errorf("storage %s: %w", key, err)
		}
		at = s.at + s.count*s.kind.width
	}
	return nil
}

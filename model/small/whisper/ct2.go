package whisper

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// Element types of CTranslate2's model files, and their sizes.
const (
	ct2Float32 = 0
	ct2Int8    = 1
	ct2Int16   = 2
	ct2Int32   = 3
	ct2Float16 = 4
)

var ct2Bytes = map[uint8]int64{ct2Float32: 4, ct2Int8: 1, ct2Int16: 2, ct2Int32: 4, ct2Float16: 2}

// A variable is one named array of a CTranslate2 model, in C order (the last dimension runs fastest).
type variable struct {
	shape []int64
	kind  uint8
	data  []byte
}

// readCT2 reads model.bin of a CTranslate2 Whisper model: format version 6, specification "WhisperSpec" revision 3
// (layout after the project's converter, model_spec.py). The file is not trusted.
func readCT2(path string) (map[string]variable, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	vars, err := parseCT2(f, st.Size())
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return vars, nil
}

const maxVariables = 4096

func parseCT2(r io.Reader, size int64) (map[string]variable, error) {
	c := ct2{r: bufio.NewReaderSize(r, 1<<20), left: size}
	version, spec, revision := c.u32(), c.string(), c.u32()
	if c.err == nil && (version != 6 || spec != "WhisperSpec" || revision != 3) {
		return nil, fmt.Errorf("version %d of %q revision %d, want version 6 of \"WhisperSpec\" revision 3", version, spec, revision)
	}
	n := c.u32()
	if c.err == nil && n > maxVariables {
		return nil, fmt.Errorf("%d variables", n)
	}
	vars := map[string]variable{}
	for ; n > 0 && c.err == nil; n-- {
		name := c.string()
		v, err := c.variable()
		if err != nil {
			return nil, fmt.Errorf("variable %q: %w", name, err)
		}
		if _, twice := vars[name]; twice {
			return nil, fmt.Errorf("variable %q is there twice", name)
		}
		vars[name] = v
	}
	for n = c.u32(); n > 0 && c.err == nil; n-- {
		alias, name := c.string(), c.string()
		v, ok := vars[name]
		if c.err == nil && !ok {
			return nil, fmt.Errorf("alias %q of missing variable %q", alias, name)
		}
		vars[alias] = v
	}
	if c.err == nil && c.left != 0 {
		return nil, fmt.Errorf("%d bytes too many", c.left)
	}
	return vars, c.err
}

// A ct2 reads forward and knows how much is left. Its first error sticks.
type ct2 struct {
	r    *bufio.Reader
	left int64
	err  error
}

func (c *ct2) take(n int64) []byte {
	if c.err == nil && n > c.left {
		c.err = errors.New("file is cut short")
	}
	if c.err != nil {
		return nil
	}
	b := make([]byte, n)
	_, c.err = io.ReadFull(c.r, b)
	c.left -= n
	return b
}

func (c *ct2) u8() uint8 {
	if b := c.take(1); c.err == nil {
		return b[0]
	}
	return 0
}

func (c *ct2) u32() uint32 {
	if b := c.take(4); c.err == nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// string reads a string that carries its length and an end mark.
func (c *ct2) string() string {
	b := c.take(2)
	if c.err != nil {
		return ""
	}
	b = c.take(int64(binary.LittleEndian.Uint16(b)))
	if c.err == nil && (len(b) == 0 || b[len(b)-1] != 0) {
		c.err = errors.New("a name has no end mark")
	}
	if c.err != nil {
		return ""
	}
	return string(b[:len(b)-1])
}

func (c *ct2) variable() (variable, error) {
	v := variable{shape: make([]int64, c.u8())}
	if len(v.shape) > 4 {
		return v, fmt.Errorf("%d dimensions", len(v.shape))
	}
	n := int64(1)
	for i := range v.shape {
		v.shape[i] = int64(c.u32())
		if d := v.shape[i]; d == 0 || n > c.left/d {
			return v, fmt.Errorf("shape %v does not fit the file", v.shape[:i+1])
		}
		n *= v.shape[i]
	}
	v.kind = c.u8()
	bytes := int64(c.u32())
	if c.err != nil {
		return v, c.err
	}
	if each, ok := ct2Bytes[v.kind]; !ok || each*n != bytes {
		return v, fmt.Errorf("type %d, shape %v and %d bytes do not agree", v.kind, v.shape, bytes)
	}
	v.data = c.take(bytes)
	return v, c.err
}

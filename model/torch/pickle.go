package torch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// What a pickle can build here, beside int64, float64, bool, string, storage, view and nil.
type (
	long       []byte // a long integer, little endian
	mark       struct{}
	tuple      []any
	list       struct{ items []any }
	dictionary struct{ keys, values []any }
	global     string // module and name of a function or class
)

// The globals a state dictionary refers to.
const (
	orderedDict   = global("collections.OrderedDict")
	rebuildTensor = global("torch._utils._rebuild_tensor_v2")
	parameter     = global("torch._utils._rebuild_parameter")
)

var errStack = errors.New("the pickle takes more than it has put")

// Bounds of a pickle: a good one needs a few dozen places on the stack, and about thirty steps a tensor.
const (
	maxStack = 1 << 16
	maxSteps = 1 << 22
)

// An unpickler runs one pickle after the other on one stack and memo.
type unpickler struct {
	data     []byte
	pos      int
	steps    int
	stack    []any
	memo     map[uint32]any
	storages map[string]*storage
}

// next runs the next pickle of the data and returns what it builds.
func (u *unpickler) next() (any, error) {
	u.stack, u.memo = u.stack[:0], make(map[uint32]any)
	if u.storages == nil {
		u.storages = make(map[string]*storage)
	}
	for {
		op, err := u.take(1)
		if err != nil {
			return nil, err
		}
		if op[0] == '.' {
			return u.pop()
		}
		if err := u.step(op[0]); err != nil {
			return nil, err
		}
		if u.steps++; len(u.stack) > maxStack || u.steps > maxSteps {
			return nil, errors.New("the pickle is larger than this reader takes")
		}
	}
}

// step runs one opcode of pickle protocol 2 (PEP 307).
func (u *unpickler) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		v, err := u.take(1)
		if err == nil && v[0] != 2 {
			return fmt.Errorf("pickle protocol %d, only 2 is known", v[0])
		}
		return err
	case '(':
		u.push(mark{})
	case '}':
		u.push(&dictionary{})
	case ']':
		u.push(&list{})
	case ')':
		u.push(tuple{})
	case 'N':
		u.push(nil)
	case 0x88, 0x89:
		u.push(op == 0x88)
	case 'K', 'M', 'J', 'G', 0x8a, 'X', 'c':
		return u.literal(op)
	case 'q', 'r', 'h', 'j':
		return u.remember(op)
	case 't', 0x85, 0x86, 0x87:
		return u.tuple(op)
	case 's', 'u', 'a', 'e':
		return u.fill(op)
	case 'Q':
		return u.persistent()
	case 'R':
		return u.reduce()
	case 'b': // BUILD: attributes of the dictionary, of no interest
		_, err := u.pop()
		return err
	default:
		return fmt.Errorf("opcode %#02x is not allowed", op)
	}
	return nil
}

func (u *unpickler) take(n int) ([]byte, error) {
	if n < 0 || n > len(u.data)-u.pos {
		return nil, errors.New("the file ends too early")
	}
	b := u.data[u.pos : u.pos+n]
	u.pos += n
	return b, nil
}

func (u *unpickler) push(v any) { u.stack = append(u.stack, v) }

func (u *unpickler) pop() (any, error) {
	if len(u.stack) == 0 {
		return nil, errStack
	}
	v := u.stack[len(u.stack)-1]
	u.stack = u.stack[:len(u.stack)-1]
	return v, nil
}

// popMark takes everything above the topmost mark, and the mark.
func (u *unpickler) popMark() ([]any, error) {
	for i := len(u.stack) - 1; i >= 0; i-- {
		if _, ok := u.stack[i].(mark); ok {
			items := append([]any(nil), u.stack[i+1:]...)
			u.stack = u.stack[:i]
			return items, nil
		}
	}
	return nil, errStack
}

// literal pushes a number, a string or a global that stands in the data.
func (u *unpickler) literal(op byte) error {
	size := map[byte]int{'K': 1, 'M': 2, 'J': 4, 'G': 8, 'X': 4, 0x8a: 1}[op]
	b, err := u.take(size)
	if err != nil {
		return err
	}
	switch op {
	case 'K':
		u.push(int64(b[0]))
	case 'M':
		u.push(int64(binary.LittleEndian.Uint16(b)))
	case 'J':
		u.push(int64(int32(binary.LittleEndian.Uint32(b))))
	case 'G':
		u.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case 0x8a:
		if b, err = u.take(int(b[0])); err == nil {
			u.push(long(b))
		}
	case 'X':
		n := binary.LittleEndian.Uint32(b)
		if n > 1<<20 {
			return errors.New("a string is longer than this reader takes")
		}
		if b, err = u.take(int(n)); err == nil {
			if !utf8.Valid(b) {
				return errors.New("a string is not UTF-8")
			}
			u.push(string(b))
		}
	case 'c':
		return u.global()
	}
	return err
}

// global pushes a module and a name, each on a line.
func (u *unpickler) global() error {
	var parts [2][]byte
	for i := range parts {
		n := bytes.IndexByte(u.data[u.pos:], '\n')
		if n < 0 || n > 200 {
			return errors.New("a global has no end")
		}
		parts[i] = u.data[u.pos : u.pos+n]
		u.pos += n + 1
	}
	g := global(string(parts[0]) + "." + string(parts[1]))
	if _, ok := kinds[g]; !ok && g != orderedDict && g != rebuildTensor && g != parameter {
		return fmt.Errorf("%q is not allowed", string(g))
	}
	u.push(g)
	return nil
}

// remember puts the top of the stack into the memo (q, r) or fetches from it (h, j).
func (u *unpickler) remember(op byte) error {
	size := 1
	if op == 'r' || op == 'j' {
		size = 4
	}
	b, err := u.take(size)
	if err != nil {
		return err
	}
	var full [4]byte
	copy(full[:], b)
	at := binary.LittleEndian.Uint32(full[:])
	if op == 'h' || op == 'j' {
		v, ok := u.memo[at]
		if !ok {
			return fmt.Errorf("nothing was remembered as %d", at)
		}
		u.push(v)
		return nil
	}
	if len(u.stack) == 0 {
		return errStack
	}
	u.memo[at] = u.stack[len(u.stack)-1]
	return nil
}

func (u *unpickler) tuple(op byte) error {
	if op == 't' {
		items, err := u.popMark()
		if err == nil {
			u.push(tuple(items))
		}
		return err
	}
	n := int(op-0x85) + 1
	if len(u.stack) < n {
		return errStack
	}
	items := append(tuple(nil), u.stack[len(u.stack)-n:]...)
	u.stack = append(u.stack[:len(u.stack)-n], items)
	return nil
}

package gguf

import "fmt"

// A Type is how the elements of a tensor are stored; the numbers are ggml's.
type Type uint32

// The types this house uses by name. Open accepts every type in the table below.
const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2
	Q4_1 Type = 3
	Q5_0 Type = 6
	Q5_1 Type = 7
	Q8_0 Type = 8
	Q4_K Type = 12
	Q5_K Type = 13
	Q6_K Type = 14
	I8   Type = 24
	I16  Type = 25
	I32  Type = 26
	I64  Type = 27
	F64  Type = 28
	BF16 Type = 30
)

// A layout is how many elements make a block and how many bytes that block takes.
type layout struct {
	name         string
	block, bytes int64
}

var layouts = map[Type]layout{
	0: {"f32", 1, 4}, 1: {"f16", 1, 2}, 2: {"q4_0", 32, 18}, 3: {"q4_1", 32, 20},
	6: {"q5_0", 32, 22}, 7: {"q5_1", 32, 24}, 8: {"q8_0", 32, 34}, 9: {"q8_1", 32, 36},
	10: {"q2_K", 256, 84}, 11: {"q3_K", 256, 110}, 12: {"q4_K", 256, 144}, 13: {"q5_K", 256, 176},
	14: {"q6_K", 256, 210}, 15: {"q8_K", 256, 292}, 16: {"iq2_xxs", 256, 66}, 17: {"iq2_xs", 256, 74},
	18: {"iq3_xxs", 256, 98}, 19: {"iq1_s", 256, 50}, 20: {"iq4_nl", 32, 18}, 21: {"iq3_s", 256, 110},
	22: {"iq2_s", 256, 82}, 23: {"iq4_xs", 256, 136}, 24: {"i8", 1, 1}, 25: {"i16", 1, 2},
	26: {"i32", 1, 4}, 27: {"i64", 1, 8}, 28: {"f64", 1, 8}, 29: {"iq1_m", 256, 56}, 30: {"bf16", 1, 2},
}

// String returns ggml's name of the type.
func (t Type) String() string {
	if l, ok := layouts[t]; ok {
		return l.name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// Size returns the bytes that a tensor of this type and shape takes, the first dimension running fastest.
// It fails where the type is unknown, a dimension is not positive, the first one is not a whole number of blocks, or the size overflows.
func (t Type) Size(shape []int64) (int64, error) {
	l, ok := layouts[t]
	if !ok {
		return 0, fmt.Errorf("unknown %v", t)
	}
	if len(shape) == 0 || len(shape) > maxDims {
		return 0, fmt.Errorf("%d dimensions, want 1 to %d", len(shape), maxDims)
	}
	n := l.bytes
	for i, d := range shape {
		if d <= 0 {
			return 0, fmt.Errorf("dimension %d is %d", i, d)
		}
		if i == 0 {
			if d%l.block != 0 {
				return 0, fmt.Errorf("row of %d elements is no multiple of the %d of a %s block", d, l.block, l.name)
			}
			d /= l.block
		}
		if n > maxBytes/d {
			return 0, fmt.Errorf("shape %v overflows", shape)
		}
		n *= d
	}
	return n, nil
}

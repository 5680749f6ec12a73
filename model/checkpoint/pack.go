package checkpoint

import (
	"fmt"
	"math"

	"omnilive/model/ggml"
)

// Pack turns rows of width numbers into another type, on all processors, and refuses numbers that the type cannot hold.
func Pack(dst []byte, to ggml.Type, rows []float32, width int64) error {
	most := float32(65504) // of an f16, which is what blocks are scaled by
	switch to {
	case ggml.F32:
		most = math.MaxFloat32
	case ggml.BF16:
		most = 3.38e38
	}
	for _, v := range rows {
		if !(v <= most && v >= -most) {
			return fmt.Errorf("holds %g, which %v does not: keep this component as bf16 or f32", v, to)
		}
	}
	return ggml.QuantizeRows(dst, to, rows, width)
}

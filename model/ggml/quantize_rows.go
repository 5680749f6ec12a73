package ggml

import (
	"runtime"
	"sync"
)

// QuantizeRows is Quantize on all processors.
func QuantizeRows(dst []byte, to Type, rows []float32, width int64) error {
	if width < 1 || int64(len(rows)) < width || int64(len(rows))%width != 0 {
		return Quantize(dst, to, rows, max(1, width)) // which says what is wrong
	}
	n := int64(len(rows)) / width
	row, err := to.Size([]int64{width})
	if err != nil || n*row != int64(len(dst)) {
		return Quantize(dst, to, rows, width)
	}
	parts := min(n, int64(runtime.GOMAXPROCS(0)))
	errs := make([]error, parts)
	var wg sync.WaitGroup
	for i := range parts {
		from, end := n*i/parts, n*(i+1)/parts
		wg.Go(func() { errs[i] = Quantize(dst[from*row:end*row], to, rows[from*width:end*width], width) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

package checkpoint

import "fmt"

// ReadRows fills dst with t's numbers from number at on, as f32: whole blocks where t has blocks, and only those of q8_0 can
// be read. Numbers that are not finite are refused.
func ReadRows(src Source, t Tensor, at int64, dst []float32) error {
	n := int64(len(dst))
	if n == 0 {
		return nil
	}
	size, err := stretch(t.Type, n)
	from := int64(0)
	if err == nil && at > 0 {
		from, err = stretch(t.Type, at)
	}
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	raw := make([]byte, size)
	if err := src.Read(t, from, raw); err != nil {
		return err
	}
	if err := widen(dst, raw, t.Type); err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return nil
}

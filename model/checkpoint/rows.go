package checkpoint

import "fmt"

// ReadRows fills dst with t's numbers from number at on, as f32. Numbers that are not finite are refused.
func ReadRows(src Source, t Tensor, at int64, dst []float32) error {
	unit, err := elementBytes(t.Type)
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	raw := make([]byte, int64(len(dst))*unit)
	if err := src.Read(t, at*unit, raw); err != nil {
		return err
	}
	if err := widen(dst, raw, t.Type); err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return nil
}

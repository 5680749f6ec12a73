package gguf

import (
	"fmt"
	"math"
)

// Has tells whether there is a metadata value of that key.
func (f *File) Has(key string) bool { _, ok := f.meta[key]; return ok }

// String returns a string value.
func (f *File) String(key string) (string, error) { return get[string](f, key) }

// Bool returns a boolean value.
func (f *File) Bool(key string) (bool, error) { return get[bool](f, key) }

// Strings returns an array of strings.
func (f *File) Strings(key string) ([]string, error) { return get[[]string](f, key) }

// Bytes returns an array of 8-bit numbers.
func (f *File) Bytes(key string) ([]byte, error) { return get[[]byte](f, key) }

// Float returns a 32-bit or 64-bit floating-point value.
func (f *File) Float(key string) (float64, error) {
	if v, ok := f.meta[key].(float64); ok {
		return v, nil
	}
	v, err := get[float32](f, key)
	return float64(v), err
}

// Floats returns an array of 32-bit floating-point values.
func (f *File) Floats(key string) ([]float32, error) { return get[[]float32](f, key) }

// Int returns an integer value of any width that lies between least and most.
func (f *File) Int(key string, least, most int) (int, error) {
	v, ok := f.meta[key]
	if !ok {
		return 0, fmt.Errorf("no metadata value %q", key)
	}
	n, ok := integer(v)
	if !ok {
		return 0, fmt.Errorf("metadata value %q is a %T, want an integer", key, v)
	}
	if n < int64(least) || n > int64(most) {
		return 0, fmt.Errorf("metadata value %q is %d, want %d to %d", key, n, least, most)
	}
	return int(n), nil
}

// Ints returns an array of integers of any width.
func (f *File) Ints(key string) ([]int64, error) {
	switch v := f.meta[key].(type) {
	case []int64:
		return v, nil
	case []uint64:
		out := make([]int64, len(v))
		for i, u := range v {
			if u > math.MaxInt64 {
				return nil, fmt.Errorf("metadata value %q: %d is too large", key, u)
			}
			out[i] = int64(u)
		}
		return out, nil
	}
	return get[[]int64](f, key)
}

func get[T any](f *File, key string) (T, error) {
	var zero T
	v, ok := f.meta[key]
	if !ok {
		return zero, fmt.Errorf("no metadata value %q", key)
	}
	t, ok := v.(T)
	if !ok {
		return zero, fmt.Errorf("metadata value %q is a %T, want a %T", key, v, zero)
	}
	return t, nil
}

func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case uint8:
		return int64(v), true
	case uint16:
		return int64(v), true
	case uint32:
		return int64(v), true
	case uint64:
		return int64(v), v <= math.MaxInt64
	case int8, int16, int32, int64:
		return signed(v), true
	}
	return 0, false
}

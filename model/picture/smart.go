package picture

import (
	"fmt"
	"math"
)

// maxAspect is the largest ratio of the sides that the Qwen2-VL preprocessing takes.
const maxAspect = 200

// Limits are what a vision network wants of a picture's size: sides that are multiples of Factor, pixels in a range.
type Limits struct{ Factor, MinPixels, MaxPixels int }

// Check tells what is wrong with l.
func (l Limits) Check() error {
	if l.Factor < 1 || l.Factor > 1<<12 || l.MinPixels < 1 || l.MaxPixels < l.MinPixels || l.MaxPixels > MaxPixels {
		return fmt.Errorf("sizes in multiples of %d with %d to %d pixels: want 1 to 4096 and a range within 1 to %d", l.Factor, l.MinPixels, l.MaxPixels, MaxPixels)
	}
	return nil
}

// Still returns the size that a picture of height by width gets: near its own, in the limits, the ratio of the sides kept
// as far as multiples allow (smart_resize of transformers' Qwen2VLImageProcessor). Ratios beyond 200 are an error.
func (l Limits) Still(height, width int) (h, w int, err error) {
	if err := l.suits(height, width); err != nil {
		return 0, 0, err
	}
	f := float64(l.Factor)
	h, w = nearest(height, f), nearest(width, f)
	switch scale := 0.0; {
	case h*w > l.MaxPixels:
		scale = math.Sqrt(float64(height*width) / float64(l.MaxPixels))
		h, w = max(l.Factor, below(float64(height)/scale, f)), max(l.Factor, below(float64(width)/scale, f))
	case h*w < l.MinPixels:
		scale = math.Sqrt(float64(l.MinPixels) / float64(height*width))
		h, w = above(float64(height)*scale, f), above(float64(width)*scale, f)
	}
	return h, w, nil
}

// Frame is Still as the reader of videos does it (smart_resize of qwen_vl_utils): a side is never below Factor at first, and
// may come out 0 where a thin picture has too many pixels, which no frame can be resized to.
func (l Limits) Frame(height, width int) (h, w int, err error) {
	if err := l.suits(height, width); err != nil {
		return 0, 0, err
	}
	f := float64(l.Factor)
	h, w = max(l.Factor, nearest(height, f)), max(l.Factor, nearest(width, f))
	switch scale := 0.0; {
	case h*w > l.MaxPixels:
		scale = math.Sqrt(float64(height*width) / float64(l.MaxPixels))
		h, w = below(float64(height)/scale, f), below(float64(width)/scale, f)
	case h*w < l.MinPixels:
		scale = math.Sqrt(float64(l.MinPixels) / float64(height*width))
		h, w = above(float64(height)*scale, f), above(float64(width)*scale, f)
	}
	return h, w, nil
}

func (l Limits) suits(height, width int) error {
	if err := l.Check(); err != nil {
		return err
	}
	if err := checkSize(width, height); err != nil {
		return err
	}
	if ratio := float64(max(height, width)) / float64(min(height, width)); ratio > maxAspect {
		return fmt.Errorf("picture of %dx%d: one side is %.1f times the other, at most %d: cut it", width, height, ratio, maxAspect)
	}
	return nil
}

func nearest(side int, f float64) int { return int(math.RoundToEven(float64(side)/f) * f) }

func below(side, f float64) int { return int(math.Floor(side/f) * f) }

func above(side, f float64) int { return int(math.Ceil(side/f) * f) }

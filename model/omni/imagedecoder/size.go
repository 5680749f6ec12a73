package imagedecoder

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	area     = 768 * 768 // pixels of a picture whose ratio is given
	sizeStep = 16
	minSide  = 64
	// MaxSide is the longest side of a picture, in pixels.
	MaxSide  = 2048
	maxRatio = 1 << 12
)

// ParseRatio reads the shape of a picture, width to height, from "W:H" or from the token <|vision_ratio_W:H|>.
func ParseRatio(s string) (w, h int, err error) {
	text := strings.TrimSuffix(strings.TrimPrefix(s, "<|vision_ratio_"), "|>")
	left, right, ok := strings.Cut(text, ":")
	w, errW := strconv.Atoi(left)
	h, errH := strconv.Atoi(right)
	if !ok || errW != nil || errH != nil || w < 1 || h < 1 || w > maxRatio || h > maxRatio {
		return 0, 0, fmt.Errorf("%.40q is no ratio of width to height such as 4:3", s)
	}
	return w, h, nil
}

// Size returns the width and height in pixels for a ratio of width to height: of about 768·768 pixels, each side the
// largest multiple of 16 that is not longer.
func Size(w, h int) (width, height int, err error) {
	if w < 1 || h < 1 || w > maxRatio || h > maxRatio {
		return 0, 0, fmt.Errorf("a picture of ratio %d:%d", w, h)
	}
	width, height = side(w, h), side(h, w)
	if min(width, height) < minSide || max(width, height) > MaxSide {
		return 0, 0, fmt.Errorf("a picture of ratio %d:%d would have %d×%d pixels: take one less long", w, h, width, height)
	}
	return width, height, nil
}

// side is the largest multiple of 16 with side² ≤ area·a/b.
func side(a, b int) int { return int(math.Sqrt(float64(area*a/b))) / sizeStep * sizeStep }

package imagedecoder

import (
	"math"
	"testing"
)

func TestSizesAreTheReferences(t *testing.T) {
	for ratio, want := range map[string][2]int{
		"1:1": {768, 768}, "1:2": {528, 1072}, "2:1": {1072, 528}, "3:4": {656, 880}, "4:3": {880, 656}, "3:5": {592, 976}, "5:3": {976, 592},
		"4:5": {672, 848}, "5:4": {848, 672}, "6:9": {624, 928}, "9:6": {928, 624}, "9:16": {576, 1024}, "16:9": {1024, 576},
	} {
		for _, text := range []string{ratio, "<|vision_ratio_" + ratio + "|>"} {
			w, h, err := ParseRatio(text)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			width, height, err := Size(w, h)
			if err != nil || [2]int{width, height} != want {
				t.Errorf("%s: %d×%d, %v, want %v", text, width, height, err, want)
			}
		}
	}
}

// The reference's own formula, in its floating-point numbers, for every ratio that is not too long.
func TestSizesFollowTheFormula(t *testing.T) {
	for w := 1; w <= 64; w++ {
		for h := 1; h <= 64; h++ {
			width, height, err := Size(w, h)
			r := float64(h) / float64(w)
			wantW, wantH := int(math.Sqrt(area/r))/16*16, int(math.Sqrt(area*r))/16*16
			if long := min(wantW, wantH) < minSide || max(wantW, wantH) > MaxSide; long != (err != nil) {
				t.Errorf("%d:%d: %v", w, h, err)
			} else if !long && (width != wantW || height != wantH) {
				t.Errorf("%d:%d: %d×%d, want %d×%d", w, h, width, height, wantW, wantH)
			}
		}
	}
}

func TestSizesAreLargest(t *testing.T) {
	for w := 1; w < 200; w += 7 {
		for h := 1; h < 200; h += 3 {
			n, low := side(w, h), int64(area)*int64(w)
			if n%16 != 0 || int64(n)*int64(n)*int64(h) > low || int64(n+16)*int64(n+16)*int64(h) <= low {
				t.Fatalf("side of %d:%d is %d", w, h, n)
			}
		}
	}
}

func FuzzParseRatio(f *testing.F) {
	for _, s := range []string{"1:1", "<|vision_ratio_16:9|>", "", ":", "1:", "0:1", "-3:4", "9999999999999999999:1", "1:1:1", " 1:1", "4096:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w, h, err := ParseRatio(s)
		if err != nil {
			return
		}
		if width, height, err := Size(w, h); err == nil && (width < minSide || height < minSide || width > MaxSide || height > MaxSide || width%16 != 0 || height%16 != 0) {
			t.Errorf("%q: %d×%d", s, width, height)
		}
	})
}

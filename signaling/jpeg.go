package signaling

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/jpeg"

	"omnilive/media"
)

const (
	quality     = 90       // of a finished picture
	previewSide = 192      // pixels of a preview's longer side, at most
	maxPreview  = 12 << 10 // bytes of its data URI, at most
	previewHead = "data:image/jpeg;base64,"
)

// encode is p as a JPEG.
func encode(p media.Picture, quality int) ([]byte, error) {
	if p.Width < 1 || p.Height < 1 || p.Width*p.Height > MaxPixels || len(p.RGB) != 3*p.Width*p.Height {
		return nil, fmt.Errorf("a picture of %dx%d pixels with %d bytes cannot be encoded", p.Width, p.Height, len(p.RGB))
	}
	m := image.NewRGBA(image.Rect(0, 0, p.Width, p.Height))
	for i, o := 0, 0; i < len(p.RGB); i, o = i+3, o+4 {
		m.Pix[o], m.Pix[o+1], m.Pix[o+2], m.Pix[o+3] = p.RGB[i], p.RGB[i+1], p.RGB[i+2], 255
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	return b.Bytes(), nil
}

// preview is p as a small data URI; empty where p cannot be made small enough.
func preview(p media.Picture) string {
	if p.Width < 1 || p.Height < 1 || len(p.RGB) != 3*p.Width*p.Height {
		return ""
	}
	p = shrink(p, previewSide)
	for q := 75; q > 0; q -= 20 {
		b, err := encode(p, q)
		if err != nil {
			return ""
		}
		if len(previewHead)+base64.StdEncoding.EncodedLen(len(b)) <= maxPreview {
			return previewHead + base64.StdEncoding.EncodeToString(b)
		}
	}
	return ""
}

// shrink makes p's longer side at most side pixels long: each pixel is the mean of those it stands for.
func shrink(p media.Picture, side int) media.Picture {
	long := max(p.Width, p.Height)
	if long <= side {
		return p
	}
	w, h := max(p.Width*side/long, 1), max(p.Height*side/long, 1)
	s := media.Picture{Width: w, Height: h, RGB: make([]byte, 0, 3*w*h)}
	for y := range h {
		y0, y1 := y*p.Height/h, (y+1)*p.Height/h
		for x := range w {
			x0, x1 := x*p.Width/w, (x+1)*p.Width/w
			var sum [3]int
			for v := y0; v < y1; v++ {
				for i := 3 * (v*p.Width + x0); i < 3*(v*p.Width+x1); i += 3 {
					sum[0] += int(p.RGB[i])
					sum[1] += int(p.RGB[i+1])
					sum[2] += int(p.RGB[i+2])
				}
			}
			n := (y1 - y0) * (x1 - x0)
			s.RGB = append(s.RGB, byte(sum[0]/n), byte(sum[1]/n), byte(sum[2]/n))
		}
	}
	return s
}

package media

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// Limits of DecodeImage.
const (
	MaxImagePixels = 20_000_000 // what is decoded when the caller sets no limit
	maxImageSide   = 1024       // of the picture returned
)

// An imageFormat is a kind of file that DecodeImage takes.
type imageFormat struct {
	name, magic string
	skip        int // bytes before magic
	config      func(io.Reader) (image.Config, error)
	decode      func(io.Reader) (image.Image, error)
}

func imageFormats() []imageFormat {
	return []imageFormat{
		{"PNG", "\x89PNG\r\n\x1a\n", 0, png.DecodeConfig, png.Decode},
		{"JPEG", "\xff\xd8", 0, jpeg.DecodeConfig, jpeg.Decode},
		{"GIF", "GIF8", 0, gif.DecodeConfig, gif.Decode},
		{"WebP", "WEBPVP8", 8, webp.DecodeConfig, webp.Decode},
	}
}

// DecodeImage decodes a PNG, JPEG, GIF (its first picture) or WebP file of at most maxPixels pixels, 0 meaning
// MaxImagePixels, and scales it down so that its longer side is at most 1024. Transparent parts become white.
// Nothing large is allocated before the size has been checked.
func DecodeImage(data []byte, maxPixels int) (p Picture, err error) {
	if maxPixels <= 0 {
		maxPixels = MaxImagePixels
	}
	for _, f := range imageFormats() {
		if len(data) >= f.skip && bytes.HasPrefix(data[f.skip:], []byte(f.magic)) {
			if p, err = f.picture(data, maxPixels); err != nil {
				return Picture{}, fmt.Errorf("decode %s image: %w", f.name, err)
			}
			return p, nil
		}
	}
	return Picture{}, errors.New("decode image: not a PNG, JPEG, GIF or WebP file")
}

func (f imageFormat) picture(data []byte, maxPixels int) (p Picture, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("malformed (%v)", r)
		}
	}()
	c, err := f.config(bytes.NewReader(data))
	if err != nil {
		return p, err
	}
	if c.Width < 1 || c.Height < 1 || c.Width > maxPixels/c.Height {
		return p, fmt.Errorf("%dx%d pixels, at most %d are taken", c.Width, c.Height, maxPixels)
	}
	m, err := f.decode(bytes.NewReader(data))
	if err != nil {
		return p, err
	}
	b := m.Bounds()
	if b.Dx() < 1 || b.Dy() < 1 || b.Dx() > maxPixels/b.Dy() {
		return p, errors.New("its size is not what its header says")
	}
	return flatten(m), nil
}

// flatten paints m over white, scaled down to maxImageSide.
func flatten(m image.Image) Picture {
	b := m.Bounds()
	width, height := b.Dx(), b.Dy()
	if long := max(width, height); long > maxImageSide {
		width, height = max(1, width*maxImageSide/long), max(1, height*maxImageSide/long)
	}
	to := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(to, to.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	if width == b.Dx() && height == b.Dy() {
		draw.Draw(to, to.Bounds(), m, b.Min, draw.Over)
	} else {
		draw.BiLinear.Scale(to, to.Bounds(), m, b, draw.Over, nil) // widens its kernel when scaling down
	}
	p := Picture{Width: width, Height: height, RGB: make([]byte, 0, 3*width*height)}
	for i := 0; i < len(to.Pix); i += 4 {
		p.RGB = append(p.RGB, to.Pix[i], to.Pix[i+1], to.Pix[i+2])
	}
	return p
}

package picture

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

	"golang.org/x/image/webp"

	"omnilive/model"
)

// MaxPixels is the largest picture that is decoded or made: 64 Mi pixels, 8192 x 8192. Decoding one takes up to 12 bytes a
// pixel for a while, 16 for a progressive JPEG.
const MaxPixels = 64 << 20

// ErrTooLarge is within the error for a picture of more than MaxPixels.
var ErrTooLarge = errors.New("picture has more than 64 Mi pixels: make it smaller")

// Decode reads a PNG, JPEG, WebP or GIF file (of an animation the first frame; animated WebP is refused). As the model's
// own preprocessing does with Pillow, a picture of mode RGBA is laid on white, and every other one becomes RGB the way of
// convert("RGB"): palettes give their colours and grey its value, both without minding transparency; of 16 bits a channel
// the upper 8 stay, except that plain grey of 16 bits is cut off at 255. EXIF orientation is not applied.
func Decode(file []byte) (model.Picture, error) {
	f, ok := formatOf(file)
	if !ok {
		return model.Picture{}, errors.New("decode picture: neither PNG, JPEG, WebP nor GIF")
	}
	format := f.name
	head, err := f.head(bytes.NewReader(file))
	if err != nil {
		return model.Picture{}, fmt.Errorf("decode picture: %s: %w", format, err)
	}
	if err := checkSize(head.Width, head.Height); err != nil {
		return model.Picture{}, fmt.Errorf("decode picture: %w", err)
	}
	m, err := f.whole(bytes.NewReader(file))
	if err != nil {
		return model.Picture{}, fmt.Errorf("decode picture: %s: %w", format, err)
	}
	if palette, ok := head.ColorModel.(color.Palette); ok && format == "gif" {
		uncover(m, palette)
	}
	p := model.Picture{Width: head.Width, Height: head.Height, RGB: make([]byte, 3*head.Width*head.Height)}
	if format == "gif" && !m.Bounds().Eq(image.Rect(0, 0, p.Width, p.Height)) {
		paintScreen(p, m)
		return p, nil
	}
	if m.Bounds().Dx() != p.Width || m.Bounds().Dy() != p.Height {
		return model.Picture{}, fmt.Errorf("decode picture: %s: %v pixels where the header says %dx%d", format, m.Bounds().Size(), p.Width, p.Height)
	}
	paint(p, 0, 0, m, format == "png" && !hasAlpha(file))
	return p, nil
}

// A format is a kind of picture file: how it begins, and what reads it.
type format struct {
	name  string
	begin string // ? stands for any byte
	head  func(io.Reader) (image.Config, error)
	whole func(io.Reader) (image.Image, error)
}

func formatOf(file []byte) (format, bool) {
	for _, f := range []format{
		{"png", "\x89PNG\r\n\x1a\n", png.DecodeConfig, png.Decode},
		{"jpeg", "\xff\xd8", jpeg.DecodeConfig, jpeg.Decode},
		{"webp", "RIFF????WEBPVP8", webp.DecodeConfig, webp.Decode},
		{"gif", "GIF8", gif.DecodeConfig, gif.Decode},
	} {
		same := len(file) >= len(f.begin)
		for i := 0; same && i < len(f.begin); i++ {
			same = f.begin[i] == '?' || f.begin[i] == file[i]
		}
		if same {
			return f, true
		}
	}
	return format{}, false
}

// EncodePNG makes a PNG file of p.
func EncodePNG(p model.Picture) ([]byte, error) {
	if err := Check(p); err != nil {
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	m := image.NewNRGBA(image.Rect(0, 0, p.Width, p.Height))
	for i := range p.Width * p.Height {
		copy(m.Pix[4*i:], p.RGB[3*i:3*i+3])
		m.Pix[4*i+3] = 255
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	return b.Bytes(), nil
}

// Check tells what is wrong with p: sides below 1, more than MaxPixels, or another number of bytes than the sides say.
func Check(p model.Picture) error {
	if err := checkSize(p.Width, p.Height); err != nil {
		return err
	}
	if len(p.RGB) != 3*p.Width*p.Height {
		return fmt.Errorf("picture of %dx%d: %d bytes of RGB, want %d", p.Width, p.Height, len(p.RGB), 3*p.Width*p.Height)
	}
	return nil
}

func checkSize(width, height int) error {
	if width < 1 || height < 1 {
		return fmt.Errorf("picture of %dx%d has no pixels", width, height)
	}
	if width > MaxPixels/height {
		return fmt.Errorf("picture of %dx%d: %w", width, height, ErrTooLarge)
	}
	return nil
}

// hasAlpha tells whether a PNG has a whole channel of alpha beside colours, which Pillow alone takes for mode RGBA; grey
// with 16 bits of alpha becomes that too. The colour type is byte 25 of the file, the depth byte 24 (PNG, 11.2.1 IHDR).
func hasAlpha(png []byte) bool {
	return len(png) > 25 && (png[25] == 6 || png[25] == 4 && png[24] == 16)
}

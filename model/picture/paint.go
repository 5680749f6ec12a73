package picture

import (
	"image"
	"image/color"

	"omnilive/model"
)

// paint writes the pixels of m into p with m's upper left corner at (left, top). Transparency is laid on white, or with
// plain set not minded.
func paint(p model.Picture, left, top int, m image.Image, plain bool) {
	b := m.Bounds()
	for y := range b.Dy() {
		to := p.RGB[3*((top+y)*p.Width+left):][:3*b.Dx()]
		switch m := m.(type) {
		case *image.Gray:
			paintGray(to, m.Pix[y*m.Stride:])
		case *image.Gray16:
			paintGray16(to, m.Pix[y*m.Stride:])
		case *image.Paletted:
			paintPaletted(to, m.Pix[y*m.Stride:], m.Palette)
		case *image.YCbCr:
			paintYCbCr(to, m, y)
		case *image.NRGBA:
			paintNRGBA(to, m.Pix[y*m.Stride:], 4, 1, plain)
		case *image.NRGBA64:
			paintNRGBA(to, m.Pix[y*m.Stride:], 8, 2, plain)
		case *image.RGBA: // made by the PNG decoder for pictures without alpha only
			paintNRGBA(to, m.Pix[y*m.Stride:], 4, 1, true)
		case *image.RGBA64:
			paintNRGBA(to, m.Pix[y*m.Stride:], 8, 2, true)
		default:
			paintAny(to, m, b.Min.Y+y)
		}
	}
}

// paintScreen draws the first frame of a GIF that does not fill its screen; the rest takes the colour of index 0.
func paintScreen(p model.Picture, m image.Image) {
	if f, ok := m.(*image.Paletted); ok && len(f.Palette) > 0 {
		r, g, b := solid(f.Palette[0])
		for i := 0; i < len(p.RGB); i += 3 {
			p.RGB[i], p.RGB[i+1], p.RGB[i+2] = r, g, b
		}
	}
	at := m.Bounds().Intersect(image.Rect(0, 0, p.Width, p.Height))
	if at == m.Bounds() {
		paint(p, at.Min.X, at.Min.Y, m, true)
	}
}

// uncover gives the transparent entry of a GIF's frame, which the decoder cleared, its colour of the global table.
func uncover(m image.Image, global color.Palette) {
	frame, ok := m.(*image.Paletted)
	if !ok {
		return
	}
	for i, c := range frame.Palette[:min(len(frame.Palette), len(global))] {
		if _, _, _, a := c.RGBA(); a == 0 {
			frame.Palette[i] = global[i]
		}
	}
}

func paintGray(to, from []byte) {
	for x := range len(to) / 3 {
		v := from[x]
		to[3*x], to[3*x+1], to[3*x+2] = v, v, v
	}
}

func paintGray16(to, from []byte) {
	for x := range len(to) / 3 {
		v := from[2*x+1]
		if from[2*x] > 0 {
			v = 255
		}
		to[3*x], to[3*x+1], to[3*x+2] = v, v, v
	}
}

func paintPaletted(to, from []byte, palette color.Palette) {
	var table [256][3]byte
	for i, c := range palette[:min(len(palette), 256)] {
		table[i][0], table[i][1], table[i][2] = solid(c)
	}
	for x := range len(to) / 3 {
		copy(to[3*x:], table[from[x]][:])
	}
}

// solid is a colour without its transparency.
func solid(c color.Color) (r, g, b byte) {
	n, _ := color.NRGBAModel.Convert(c).(color.NRGBA)
	return n.R, n.G, n.B
}

func paintYCbCr(to []byte, m *image.YCbCr, y int) {
	b := m.Rect
	for x := range len(to) / 3 {
		i, j := m.YOffset(b.Min.X+x, b.Min.Y+y), m.COffset(b.Min.X+x, b.Min.Y+y)
		to[3*x], to[3*x+1], to[3*x+2] = color.YCbCrToRGB(m.Y[i], m.Cb[j], m.Cr[j])
	}
}

// paintNRGBA reads pixels of pitch bytes, of each channel's width bytes the first.
func paintNRGBA(to, from []byte, pitch, width int, plain bool) {
	for x := range len(to) / 3 {
		px := from[x*pitch:][:pitch]
		a := px[3*width]
		for c := range 3 {
			v := px[c*width]
			if !plain {
				v = onWhite(v, a)
			}
			to[3*x+c] = v
		}
	}
}

// onWhite mixes v of opacity a with white: (255·(255-a) + v·a) / 255, rounded.
func onWhite(v, a byte) byte {
	sum := 255*(255-uint32(a)) + uint32(v)*uint32(a) + 128
	return byte((sum + sum>>8) >> 8)
}

func paintAny(to []byte, m image.Image, y int) {
	left := m.Bounds().Min.X
	for x := range len(to) / 3 {
		n, _ := color.NRGBAModel.Convert(m.At(left+x, y)).(color.NRGBA)
		to[3*x], to[3*x+1], to[3*x+2] = onWhite(n.R, n.A), onWhite(n.G, n.A), onWhite(n.B, n.A)
	}
}

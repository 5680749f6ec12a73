package imagedecoder

import (
	"context"
	"fmt"
	"slices"

	"omnilive/model"
)

// pack turns values [channels, height, width], torch's order, into positions: patch·patch pixels each.
func pack(v []float32, rows, cols, channels, patch int) []float32 {
	out := make([]float32, len(v))
	each(rows, cols, channels, patch, func(packed, plain int) { out[packed] = v[plain] })
	return out
}

// each calls f with the place of every value in positions and in torch's order.
func each(rows, cols, channels, patch int, f func(packed, plain int)) {
	n := 0
	for y := range rows {
		for x := range cols {
			for c := range channels {
				for py := range patch {
					for px := range patch {
						f(n, (c*rows*patch+y*patch+py)*cols*patch+x*patch+px)
						n++
					}
				}
			}
		}
	}
}

// sound tells whether l is a latent picture of this decoder.
func (d *Decoder) sound(l Latent) bool {
	return l.Rows > 0 && l.Cols > 0 && max(l.Rows, l.Cols)*d.cell() <= MaxSide && l.Channels == int(d.config.Main.Channels) &&
		len(l.Values) == l.Rows*l.Cols*l.Channels
}

// Planes returns the values as torch keeps them, [channels, height, width] of latent pixels; nil where l is no latent
// picture of this decoder.
func (d *Decoder) Planes(l Latent) []float32 {
	if !d.sound(l) {
		return nil
	}
	patch := int(d.config.Main.patch())
	out := make([]float32, len(l.Values))
	each(l.Rows, l.Cols, l.Channels/patch/patch, patch, func(packed, plain int) { out[plain] = l.Values[packed] })
	return out
}

// Pixels are a painted picture: red, green and blue of each pixel side by side, −1 to 1 and beyond.
type Pixels struct {
	Width, Height int
	Values        []float32
}

// Render is the second half of Decode: it paints a latent picture.
func (d *Decoder) Render(ctx context.Context, l Latent) (Pixels, error) {
	patch := int(d.config.Main.patch())
	if !d.sound(l) {
		return Pixels{}, fmt.Errorf("paint a picture: %d values for %d×%d positions of %d", len(l.Values), l.Rows, l.Cols, l.Channels)
	}
	return d.Paint(ctx, d.Planes(l), l.Cols*patch, l.Rows*patch)
}

// Paint is Render for values as torch keeps them, [channels, height, width] of latent pixels.
func (d *Decoder) Paint(ctx context.Context, latent []float32, width, height int) (Pixels, error) {
	v := d.config.VAE
	c, limit := int(v.Latent), MaxSide/int(v.factor())
	if width < 1 || height < 1 || width > limit || height > limit || len(latent) != c*width*height {
		return Pixels{}, fmt.Errorf("paint a picture: %d values for %d×%d of %d", len(latent), width, height, c)
	}
	if err := d.ready(); err != nil {
		return Pixels{}, err
	}
	scale, shift := float32(v.Scaling), float32(0)
	if v.Shift != nil {
		shift = float32(*v.Shift)
	}
	g := newEasel(d.graph, d.backend.Threads())
	defer g.close()
	x, err := g.plane(width, height, c)
	if err != nil {
		return Pixels{}, fmt.Errorf("paint a picture: %w", err)
	}
	for i, value := range latent {
		x.v[i%(width*height)*c+i/(width*height)] = value/scale + shift
	}
	y, err := d.vae.paint(ctx, g, x)
	if err != nil {
		return Pixels{}, fmt.Errorf("paint a picture: %w", err)
	}
	return Pixels{Width: y.width, Height: y.height, Values: slices.Clone(y.v)}, nil
}

// Picture turns −1 to 1 into 0 to 255, cutting off what lies beyond and behind the point. Values that are no numbers are an
// error: the weights or the type they are kept in are not sound.
func (p Pixels) Picture() (model.Picture, error) {
	out := model.Picture{Width: p.Width, Height: p.Height, RGB: make([]byte, len(p.Values))}
	for i, v := range p.Values {
		if v != v {
			return model.Picture{}, fmt.Errorf("make a picture: pixel %d of it is no number: the weights are damaged, or kept in too small a type", i/3)
		}
		out.RGB[i] = byte((min(max(v, -1), 1) + 1) / 2 * 255)
	}
	return out, nil
}

// preview paints l as it is going to be, small: its positions are averaged down first.
func (d *Decoder) preview(ctx context.Context, l Latent, side int) (*model.Picture, error) {
	f := max(1, (max(l.Rows, l.Cols)*d.cell()+side-1)/side)
	pixels, err := d.Render(ctx, shrink(l, f))
	if err != nil {
		return nil, err
	}
	p, err := pixels.Picture()
	return &p, err
}

// shrink averages f·f positions into one; those left over at the right and the bottom are left out.
func shrink(l Latent, f int) Latent {
	f = min(f, l.Rows, l.Cols)
	s := Latent{Rows: l.Rows / f, Cols: l.Cols / f, Channels: l.Channels}
	s.Values = make([]float32, s.Rows*s.Cols*s.Channels)
	for y := range s.Rows * f {
		for x := range s.Cols * f {
			to := s.Values[(y/f*s.Cols+x/f)*s.Channels:][:s.Channels]
			for c, v := range l.Values[(y*l.Cols+x)*l.Channels:][:s.Channels] {
				to[c] += v / float32(f*f)
			}
		}
	}
	return s
}

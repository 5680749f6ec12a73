package omni

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"omnilive/model"
	"omnilive/model/checkpoint"
	"omnilive/model/omni/imagedecoder"
	"omnilive/model/omni/prompt"
)

// ImageDecoder is the folder of the decoder that makes pictures of codes.
const ImageDecoder = "decoder/vision"

// painter holds the image decoder, which is loaded when the first picture is wanted, and makes one picture at a time.
type painter struct {
	m    *Model
	d    *imagedecoder.Decoder
	desk chan struct{} // 1 place: who draws
}

func newPainter(m *Model) *painter { return &painter{m: m, desk: make(chan struct{}, 1)} }

// sit waits until nobody else draws; the returned function gets up again.
func (p *painter) sit(ctx context.Context) (rise func(), err error) {
	select {
	case p.desk <- struct{}{}:
		return func() { <-p.desk }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Draws tells whether the checkpoint can make pictures.
func (m *Model) Draws() bool {
	st, err := os.Stat(filepath.Join(m.folder.Dir, filepath.FromSlash(ImageDecoder)))
	return err == nil && st.IsDir()
}

// Draw makes a picture of codes. Where o gives no size it is that of the ratio. It is work of the Background, for which
// o.Progress is called, too: between any two graphs everybody else may use the device.
func (m *Model) Draw(ctx context.Context, codes []int32, r prompt.Ratio, o imagedecoder.Options) (model.Picture, error) {
	rise, err := m.painter.sit(ctx)
	if err != nil {
		return model.Picture{}, fmt.Errorf("draw: %w", err)
	}
	defer rise()
	d, err := m.painter.open(ctx)
	if err != nil {
		return model.Picture{}, fmt.Errorf("draw: %w", err)
	}
	if o.Width == 0 && o.Height == 0 && r.Width > 0 && r.Height > 0 {
		if o.Width, o.Height, err = imagedecoder.Size(r.Width, r.Height); err != nil {
			return model.Picture{}, fmt.Errorf("draw: %w", err)
		}
	}
	defer m.at(DecoderPlace).lock(Background(ctx))()
	p, err := d.Decode(ctx, codes, o)
	if err != nil {
		return p, fmt.Errorf("draw: %w", err)
	}
	return p, nil
}

// Painter returns the image decoder, for checks of what lies between codes and picture. It works on the caller's goroutine,
// which must not use the Model meanwhile.
func (m *Model) Painter(ctx context.Context) (*imagedecoder.Decoder, error) {
	rise, err := m.painter.sit(ctx)
	if err != nil {
		return nil, err
	}
	defer rise()
	return m.painter.open(ctx)
}

func (p *painter) open(ctx context.Context) (*imagedecoder.Decoder, error) {
	if p.d != nil {
		return p.d, nil
	}
	dir := filepath.Join(p.m.folder.Dir, filepath.FromSlash(ImageDecoder))
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, absent("image decoder (" + ImageDecoder + ")")
	}
	d, err := imagedecoder.Open(ctx, dir, checkpoint.Options{
		Backend: p.m.at(DecoderPlace).backend, Type: p.m.o.kept(DecoderPlace), Progress: p.m.o.progress(DecoderPlace),
	})
	if err == nil {
		d.Between(p.m.at(DecoderPlace).giveWay)
		p.d = d
	}
	return d, err
}

func (p *painter) close() {
	if p.d != nil {
		p.d.Close()
		p.d = nil
	}
}

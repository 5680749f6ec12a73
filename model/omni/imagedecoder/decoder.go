package imagedecoder

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A Decoder makes pictures of image units.
type Decoder struct {
	config  Config
	main    transformer
	weak    *transformer
	vae     painter
	source  checkpoint.Source // of the units' vectors, read as they are wanted
	backend *ggml.Backend
	graph   *ggml.Graph
	between func()
	close   []func() // what Open opened
}

const vectors = "token_embedder.vocab_embeddings"

// OpenSource opens the weights of the folder at dir, those of each part named by the part: transformer.img_in.weight,
// vae.decoder.conv_in.weight. Its error lists all parts that cannot be opened.
func OpenSource(dir string, c Config) (checkpoint.Source, error) {
	parts := map[string]checkpoint.Source{}
	var wrong []error
	for _, name := range c.Parts() {
		src, err := checkpoint.Open(filepath.Join(dir, name))
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		parts[name+"."] = src
	}
	src := checkpoint.Join(parts)
	if err := errors.Join(wrong...); err != nil {
		return nil, errors.Join(fmt.Errorf("open the image decoder in %s: %w", dir, err), src.Close())
	}
	return src, nil
}

// Parts are the folders that hold weights.
func (c *Config) Parts() []string {
	if c.Weak == nil {
		return []string{"token_embedder", "transformer", "vae"}
	}
	return []string{"token_embedder", "transformer", "transformer2", "vae"}
}

// Declare names in p all tensors of the decoder, those that it does not use among them. src, on which p was made, must
// stay open: the vectors of the units are read from it as they are wanted. Once p is loaded the Decoder runs on b, on which
// it was loaded.
func Declare(p *checkpoint.Plan, src checkpoint.Source, c Config, b *ggml.Backend) *Decoder {
	d := &Decoder{config: c, backend: b, source: src}
	if err := c.check(); err != nil {
		p.Fail(err)
		return d
	}
	p.Unused(vectors, c.Embedder.Vocabulary, c.Embedder.Width)
	p.Unused("token_embedder.uncond_embedding", 1, c.Embedder.Width)
	d.main.declare(p.At("transformer."), c.Main)
	if c.Weak != nil {
		d.weak = &transformer{name: "weak."}
		d.weak.declare(p.At("transformer2."), *c.Weak)
	}
	d.vae.declare(p.At("vae."), c.VAE)
	return d
}

// Open reads, checks and loads the folder decoder/vision of a checkpoint. Whatever is missing or misshapen stands in the
// error, all of it, and no memory was taken then.
func Open(ctx context.Context, dir string, o checkpoint.Options) (*Decoder, error) {
	c, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	src, err := OpenSource(dir, c)
	if err != nil {
		return nil, err
	}
	p := checkpoint.NewPlan(src)
	d := Declare(p, src, c, o.Backend)
	d.close = append(d.close, func() { src.Close() })
	w, err := p.Load(ctx, o)
	if err != nil {
		d.Close()
		return nil, fmt.Errorf("image decoder in %s: %w", dir, err)
	}
	d.close = append(d.close, w.Close)
	return d, nil
}

// Between has f called before every graph, on Decode's goroutine: while f runs others may use the device, though not the
// Decoder. It is called before the first Decode.
func (d *Decoder) Between(f func()) { d.between = f }

// Config returns what the folder's files say.
func (d *Decoder) Config() Config { return d.config }

// Close frees what the Decoder computes in and, where Open made it, its weights. It is safe to call it twice.
func (d *Decoder) Close() {
	if d.graph != nil {
		d.graph.Close()
	}
	for _, f := range d.close {
		f()
	}
	d.graph, d.close = nil, nil
}

// ready makes the graph.
func (d *Decoder) ready() (err error) {
	if d.graph != nil {
		return nil
	}
	if d.backend == nil {
		return errors.New("the image decoder was declared without a backend")
	}
	blocks := d.config.Main.Blocks
	if d.weak != nil {
		blocks = max(blocks, d.weak.c.Blocks)
	}
	if d.graph, err = ggml.NewGraph(d.backend, int(256+192*blocks)); err == nil {
		d.graph.Before(d.between)
	}
	return err
}

// cell is how many pixels a position of the transformer is wide.
func (d *Decoder) cell() int { return int(d.config.VAE.factor() * d.config.Main.patch()) }

// checkSize tells whether a picture can have this size.
func (d *Decoder) checkSize(width, height int) error {
	n := d.cell()
	if width < n || height < n || width > MaxSide || height > MaxSide || width%n != 0 || height%n != 0 {
		return fmt.Errorf("a picture of %d×%d pixels: want sides of %d to %d, multiples of %d", width, height, n, MaxSide, n)
	}
	return nil
}

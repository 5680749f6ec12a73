package imagetokenizer

import "omnilive/model/ggml"

// A factor is the left side of products in f32: rows of numbers, packed where the backend can use that.
type factor struct {
	rows    []float32
	in, out int64
	packed  *ggml.Matrices // nil: rows are brought anew to every graph
	m       ggml.Matrix
}

// newFactor takes rows of in numbers.
func newFactor(b *ggml.Backend, rows []float32, in int64) (f factor, err error) {
	f = factor{rows: rows, in: in, out: int64(len(rows)) / in}
	if !b.Packs() {
		return f, nil
	}
	if f.packed, err = ggml.NewMatrices([]ggml.MatrixSpec{{Name: "factor", Type: ggml.F32, In: f.in, Out: f.out}}); err != nil {
		return f, err
	}
	if f.m, err = f.pack(); err != nil {
		f.close()
	}
	return f, err
}

func (f factor) pack() (m ggml.Matrix, err error) {
	p, err := f.packed.Packer("factor")
	if err != nil {
		return m, err
	}
	if err := p.Write(f.rows); err != nil {
		return m, err
	}
	if err := p.Close(); err != nil {
		return m, err
	}
	return f.packed.Matrix("factor", int(f.in), int(f.out))
}

// matrix returns the factor for one graph, and what fills it before that is computed.
func (f factor) matrix(g *ggml.Graph) (m ggml.Matrix, fill func()) {
	if f.packed != nil {
		return f.m, func() {}
	}
	in := g.Input(ggml.F32, f.in, f.out)
	return ggml.PlainMatrix(in), func() { ggml.Put(g, in, f.rows) }
}

func (f factor) close() {
	if f.packed != nil {
		f.packed.Close()
	}
}

package imagetokenizer

import "omnilive/model/ggml"

// A factor is the left side of products in f32, kept where the backend computes and packed where it can use that.
type factor struct {
	in, out int64
	packed  *ggml.Matrices
	store   *ggml.Store // of backends that do not pack
	m       ggml.Matrix
}

// newFactor takes rows of in numbers.
func newFactor(b *ggml.Backend, rows []float32, in int64) (f factor, err error) {
	f = factor{in: in, out: int64(len(rows)) / in}
	if b.Packs() {
		f.m, err = f.pack(rows)
	} else {
		f.m, err = f.upload(b, rows)
	}
	if err != nil {
		f.close()
	}
	return f, err
}

func (f *factor) pack(rows []float32) (m ggml.Matrix, err error) {
	if f.packed, err = ggml.NewMatrices([]ggml.MatrixSpec{{Name: "factor", Type: ggml.F32, In: f.in, Out: f.out}}); err != nil {
		return m, err
	}
	p, err := f.packed.Packer("factor")
	if err != nil {
		return m, err
	}
	if err := p.Write(rows); err != nil {
		return m, err
	}
	if err := p.Close(); err != nil {
		return m, err
	}
	return f.packed.Matrix("factor", int(f.in), int(f.out))
}

func (f *factor) upload(b *ggml.Backend, rows []float32) (m ggml.Matrix, err error) {
	if f.store, err = b.NewStore([]ggml.Spec{{Name: "factor", Type: ggml.F32, Shape: []int64{f.in, f.out}}}); err != nil {
		return m, err
	}
	if err := f.store.WriteFloats("factor", rows); err != nil {
		return m, err
	}
	t, err := f.store.Tensor("factor")
	return ggml.PlainMatrix(t), err
}

func (f factor) close() {
	if f.packed != nil {
		f.packed.Close()
	}
	if f.store != nil {
		f.store.Close()
	}
}

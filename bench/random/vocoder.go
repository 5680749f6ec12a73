package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"omnilive/model/checkpoint"
	"omnilive/model/gguf"
	"omnilive/model/omni"
)

// speakers is how many the published vocoder has; vector is how long the vector of each is.
const speakers, vector = 26, 256

// nothing is a source without tensors, but for the table of speakers, by which vocoders with names are known: a plan over it
// says what it would want.
type nothing struct{ checkpoint.Source }

func (nothing) Tensors() []checkpoint.Tensor { return nil }

func (nothing) Lookup(name string) (t checkpoint.Tensor, ok bool) {
	return checkpoint.Tensor{Name: name, Type: gguf.F16, Shape: []int64{speakers, vector}}, name == "spk_emb.weight"
}

// writeVocoder writes the vocoder of named voices as convert would, with the published dimensions.
func writeVocoder(out string, x *random) error {
	p := checkpoint.NewPlan(nothing{})
	config := fmt.Appendf(nil, `{"num_spk": %d}`, speakers)
	if _, _, err := omni.DeclareVocoder(p, config, false, nil); err != nil {
		return err
	}
	var tensors []gguf.Tensor
	for _, n := range p.Wants() {
		shape := slices.Clone(n.Shape)
		slices.Reverse(shape)
		tensors = append(tensors, gguf.Tensor{Name: n.Name, Type: gguf.F16, Shape: shape})
	}
	names := make([]string, speakers)
	for i := range names {
		names[i] = fmt.Sprintf("voice%02d", i)
	}
	path := filepath.Join(out, filepath.FromSlash(omni.ConvertedVocoder(omni.NamedVoices)))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	w, err := gguf.Create(path, []gguf.Value{
		{Key: checkpoint.KeyPrefix, Data: ""}, {Key: omni.KeyConfig, Data: string(config)}, {Key: omni.KeySpeakers, Data: names},
	}, tensors)
	if err != nil {
		return err
	}
	defer w.Abort()
	for i, t := range tensors {
		size, err := t.Type.Size(t.Shape)
		if err != nil {
			return err
		}
		err = x.pieces(t.Name, p.Wants()[i].Shape, size, func(b []byte, last bool) error { return w.WritePart(t.Name, b, last) })
		if err != nil {
			return err
		}
	}
	return w.Commit()
}

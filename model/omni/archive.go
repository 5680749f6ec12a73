package omni

import (
	"context"
	"fmt"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/omni/bigvgan"
	"omnilive/model/omni/ecapa"
)

// An archive is a vocoder in memory.
type archive struct {
	file     VocoderFile
	weights  *checkpoint.Weights
	vocoder  *bigvgan.Vocoder
	ecapa    *ecapa.Encoder // of the one that clones
	speakers []string
}

// openArchive loads a vocoder.
func (m *Model) openArchive(ctx context.Context, name string, clones bool) (*archive, error) {
	file, err := m.folder.OpenVocoder(name)
	if err != nil {
		return nil, err
	}
	a, b := &archive{file: file}, m.at(VocoderPlace).backend
	if err := a.open(ctx, b, clones, checkpoint.Options{
		Backend: b, Type: m.o.kept(VocoderPlace), Progress: m.o.progress(VocoderPlace),
	}); err != nil {
		a.close()
		return nil, fmt.Errorf("open the vocoder %s: %w", name, err)
	}
	return a, nil
}

func (a *archive) open(ctx context.Context, b *ggml.Backend, clones bool, o checkpoint.Options) error {
	text, err := a.file.Config()
	if err != nil {
		return err
	}
	p := checkpoint.NewPlan(a.file)
	if a.vocoder, a.ecapa, err = DeclareVocoder(p, text, clones, b); err != nil {
		return err
	}
	if a.weights, err = p.Load(ctx, o); err != nil || clones {
		return err
	}
	if a.speakers, err = a.file.Speakers(); err != nil {
		return err
	}
	if n := a.vocoder.Speakers(); len(a.speakers) == 0 || len(a.speakers) > n {
		return fmt.Errorf("spk_list.txt names %d speakers, the network has %d", len(a.speakers), n)
	}
	return nil
}

func (a *archive) close() {
	if a == nil {
		return
	}
	if a.vocoder != nil {
		a.vocoder.Close()
	}
	if a.ecapa != nil {
		a.ecapa.Close()
	}
	if a.weights != nil {
		a.weights.Close()
	}
	if a.file != nil {
		a.file.Close()
	}
}

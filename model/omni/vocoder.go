package omni

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/omni/bigvgan"
	"omnilive/model/omni/ecapa"
	"omnilive/model/torch"
)

// What a converted vocoder's header holds beside its tensors.
const (
	KeyConfig   = "omnilive.config"   // config.json
	KeySpeakers = "omnilive.speakers" // the names of the speakers
)

// A VocoderFile is the weights of a vocoder with what else lies in its archive.
type VocoderFile interface {
	checkpoint.Source
	Config() ([]byte, error)
	Speakers() ([]string, error)
}

// ConvertedVocoder is the name that the archive called name has once it is converted.
func ConvertedVocoder(name string) string { return strings.TrimSuffix(name, ".mar") + ".gguf" }

// vocoderPath returns where a vocoder lies in the folder, as it was published or as it was converted.
func (f *Folder) vocoderPath(name string) (string, error) {
	published := filepath.Join(f.Dir, filepath.FromSlash(name))
	if _, err := os.Stat(published); !errors.Is(err, fs.ErrNotExist) {
		return published, err
	}
	path := filepath.Join(f.Dir, filepath.FromSlash(ConvertedVocoder(name)))
	if _, err := os.Stat(path); err != nil {
		return "", absent("vocoder (" + name + ")")
	}
	return path, nil
}

// OpenVocoder opens NamedVoices or ClonedVoice of the folder.
func (f *Folder) OpenVocoder(name string) (VocoderFile, error) {
	path, err := f.vocoderPath(name)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(path, ".mar") {
		return torch.Open(path)
	}
	src, err := checkpoint.Open(path)
	if err != nil {
		return nil, err
	}
	return convertedVocoder{src, path}, nil
}

// convertedVocoder is the GGUF file that convert makes of an archive.
type convertedVocoder struct {
	checkpoint.Source
	path string
}

func (c convertedVocoder) Config() ([]byte, error) {
	text, err := checkpoint.Text(c.path, KeyConfig)
	return []byte(text), err
}

func (c convertedVocoder) Speakers() ([]string, error) { return checkpoint.Texts(c.path, KeySpeakers) }

// DeclareVocoder names the tensors of a vocoder, and of the speaker encoder beside it where it clones. config is the
// archive's config.json.
func DeclareVocoder(p *checkpoint.Plan, config []byte, clones bool, b *ggml.Backend) (*bigvgan.Vocoder, *ecapa.Encoder, error) {
	c, err := bigvgan.Parse(config)
	if err != nil {
		return nil, nil, fmt.Errorf("vocoder: %w", err)
	}
	v := bigvgan.Declare(p, c, b)
	if !clones {
		return v, nil, nil
	}
	e, err := ecapa.Parse(config)
	if err != nil {
		return v, nil, fmt.Errorf("speaker encoder: %w", err)
	}
	return v, ecapa.Declare(p.At("spk_emb."), e, b), nil
}

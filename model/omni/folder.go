package omni

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"omnilive/model/checkpoint"
	"omnilive/model/omni/audio"
	"omnilive/model/omni/imagetokenizer"
	"omnilive/model/omni/language"
	"omnilive/model/omni/prompt"
	"omnilive/model/omni/speechtokenizer"
	"omnilive/model/omni/vision"
	"omnilive/model/tokenizer"
	"omnilive/model/torch"
)

const maxJSON = 64 << 20

// Config is what the JSON files of a checkpoint say of its networks.
type Config struct {
	Language    language.Config
	Vision      vision.Config
	Pictures    vision.Preprocessing
	Audio       audio.Config
	ImageUnits  imagetokenizer.Config
	SpeechUnits speechtokenizer.Config
	IDs         prompt.Config
}

// A Folder is a checkpoint in the layout of HyperCLOVAX-SEED-Omni, as it is published or as it was converted.
type Folder struct {
	Dir    string
	Config Config
	Text   []byte // config.json, without comments
	Source checkpoint.Source
	Made   *Manifest // of a converted folder, else nil
}

// OpenFolder opens the checkpoint at dir and reads its configs. It takes no memory for weights.
func OpenFolder(dir string) (*Folder, error) {
	made, err := ReadManifest(dir)
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	text, err := readJSON(filepath.Join(dir, "config.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open model: %w: name the folder of a whole checkpoint, with config.json, tokenizer.json and its weights", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	f := &Folder{Dir: dir, Text: text, Made: made}
	if err := f.Config.parse(dir, text); err != nil {
		return nil, fmt.Errorf("open model %s: %w", dir, err)
	}
	if f.Source, err = checkpoint.Open(dir); err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	return f, nil
}

// parse reads the configs, each network its own part.
func (c *Config) parse(dir string, text []byte) error {
	var parts struct {
		ImageUnits  json.RawMessage `json:"discrete_vision_config"`
		SpeechUnits json.RawMessage `json:"discrete_audio_config"`
	}
	var err error
	if c.Language, err = language.ParseConfig(text); err != nil {
		return err
	}
	for _, v := range []any{&parts, &c.Vision, &c.Audio, &c.IDs} {
		if err := json.Unmarshal(text, v); err != nil {
			return fmt.Errorf("config.json: %w", err)
		}
	}
	if len(parts.ImageUnits) > 0 {
		if err := json.Unmarshal(parts.ImageUnits, &c.ImageUnits); err != nil {
			return fmt.Errorf("config.json: discrete_vision_config: %w", err)
		}
	}
	if len(parts.SpeechUnits) > 0 {
		if err := json.Unmarshal(parts.SpeechUnits, &c.SpeechUnits); err != nil {
			return fmt.Errorf("config.json: discrete_audio_config: %w", err)
		}
	}
	c.Pictures = c.Vision.Preprocessing()
	text, err = readJSON(filepath.Join(dir, "preprocessor_config.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, &c.Pictures)
	}
	if err != nil {
		return fmt.Errorf("preprocessor_config.json: %w", err)
	}
	return nil
}

// readJSON reads a JSON file, which may carry # comments as some published ones do.
func readJSON(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.Size() > maxJSON || !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %d bytes, at most %d", path, st.Size(), maxJSON)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return torch.Uncommented(text), nil
}

// Vocabulary reads the tokenizer and what its ids mean.
func (f *Folder) Vocabulary() (*prompt.Vocabulary, error) {
	t, err := tokenizer.Open(filepath.Join(f.Dir, "tokenizer.json"))
	if err != nil {
		return nil, err
	}
	return prompt.NewVocabulary(f.Config.IDs, t)
}

// Close closes the files.
func (f *Folder) Close() error { return f.Source.Close() }

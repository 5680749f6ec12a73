package omni

import (
	"strings"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/omni/audio"
	"omnilive/model/omni/compressor"
	"omnilive/model/omni/imagetokenizer"
	"omnilive/model/omni/language"
	"omnilive/model/omni/speechtokenizer"
	"omnilive/model/omni/vision"
)

// The components of a checkpoint, by the names they have in it.
const (
	LanguageModel   = "language_model"
	VisionModel     = "vision_model"
	VisionProjector = "mm_projector"
	AudioModel      = "audio_model"
	AudioProjector  = "audio_projector"
	Compressor      = "video_audio_compressor"
	ImageTokenizer  = "discrete_vision_model"
	SpeechTokenizer = "discrete_audio_model"
)

// Components are the names in the order of the model's figure, and how many tensors each has in the 8B.
var Components = []struct {
	Name    string
	Tensors int
}{
	{VisionModel, 390},
	{AudioModel, 487},
	{Compressor, 21},
	{VisionProjector, 2},
	{AudioProjector, 4},
	{LanguageModel, 327},
	{ImageTokenizer, 527},
	{SpeechTokenizer, 102},
}

// prefix is what the names of a component's tensors begin with.
func prefix(component string) string { return "model." + component + "." }

// ComponentOf returns the component that a tensor belongs to, "" where it is none of this model's.
func ComponentOf(tensor string) string {
	rest, ok := strings.CutPrefix(tensor, "model.")
	name, _, dot := strings.Cut(rest, ".")
	if !ok || !dot {
		return ""
	}
	for _, c := range Components {
		if c.Name == name {
			return name
		}
	}
	return ""
}

// networks are the parts that run on ggml.
type networks struct {
	vision     *vision.Encoder
	audio      *audio.Encoder
	compressor *compressor.Compressor
	images     *imagetokenizer.Tokenizer
	speech     *speechtokenizer.Tokenizer
}

// has tells whether the folder holds anything of a component.
func (f *Folder) has(component string) bool {
	for _, t := range f.Source.Tensors() {
		if strings.HasPrefix(t.Name, prefix(component)) {
			return true
		}
	}
	return false
}

// Declare returns a plan that names every tensor of these components, of all where none is given. What it finds wrong is
// what keeps the model from loading.
func (f *Folder) Declare(components ...string) *checkpoint.Plan {
	p := checkpoint.NewPlan(f.Source)
	want := func(name string) bool { return len(components) == 0 || contains(components, name) }
	f.declare(p, nil, want)
	if want(LanguageModel) {
		language.Declare(p, f.Config.Language)
	}
	return p
}

func contains(list []string, name string) bool {
	for _, l := range list {
		if l == name {
			return true
		}
	}
	return false
}

// declare names the tensors of the networks that are wanted. A projector goes with its encoder.
func (f *Folder) declare(p *checkpoint.Plan, b *ggml.Backend, want func(string) bool) *networks {
	n := &networks{}
	if want(VisionModel) {
		n.vision = vision.Declare(p.At("model."), f.Config.Vision, f.Config.Pictures, b)
	}
	if want(AudioModel) {
		n.audio = audio.Declare(p.At("model."), f.Config.Audio, b)
	}
	if want(Compressor) {
		n.compressor = compressor.Declare(p.At(prefix(Compressor)), b)
	}
	if want(ImageTokenizer) {
		n.images = imagetokenizer.Declare(p.At(prefix(ImageTokenizer)), f.Config.ImageUnits, b)
	}
	if want(SpeechTokenizer) {
		n.speech = speechtokenizer.Declare(p.At(prefix(SpeechTokenizer)), f.Config.SpeechUnits, b)
	}
	return n
}

func (n *networks) close() {
	if n.vision != nil {
		n.vision.Close()
	}
	if n.audio != nil {
		n.audio.Close()
	}
	if n.compressor != nil {
		n.compressor.Close()
	}
	if n.images != nil {
		n.images.Close()
	}
	if n.speech != nil {
		n.speech.Close()
	}
}

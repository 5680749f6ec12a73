package omni

import (
	"fmt"
	"slices"
	"strings"

	"omnilive/model/ggml"
)

// What else can be placed and kept in a type of its own, beside the checkpoint's components.
const (
	VocoderPlace = "vocoder"
	DecoderPlace = "image_decoder"
)

// Placed are the components that may each have a device, in the order in which devices are filled: what a call waits for
// most comes first. The projectors lie with their encoders.
var Placed = []string{
	LanguageModel, VisionModel, AudioModel, Compressor, ImageTokenizer, SpeechTokenizer, VocoderPlace, DecoderPlace,
}

// placeNames are the short names of components.
var placeNames = map[string]string{
	"llm": LanguageModel, "vision": VisionModel, "audio": AudioModel, "compressor": Compressor,
	"image-tokenizer": ImageTokenizer, "speech-tokenizer": SpeechTokenizer, "vocoder": VocoderPlace, "image-decoder": DecoderPlace,
}

// ParsePlace reads "vision=cpu,llm=gpu0": which component runs on which device. Components have their names in the checkpoint
// or short ones (llm, vision, audio, compressor, image-tokenizer, speech-tokenizer, vocoder, image-decoder); all means
// those that are not named, and a device alone means all of them. The empty text gives nil.
func ParsePlace(text string) (map[string]string, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	place, rest := map[string]string{}, ""
	for _, part := range strings.Split(text, ",") {
		name, device, named := strings.Cut(part, "=")
		name, device = strings.TrimSpace(name), strings.TrimSpace(device)
		if !named {
			name, device = "all", name
		}
		if device == "" {
			return nil, fmt.Errorf("place %.60q: want component=device, as vision=cpu,llm=gpu0", part)
		}
		component := name
		if long, ok := placeNames[name]; ok {
			component = long
		}
		_, twice := place[component]
		switch {
		case name == "all" && rest == "":
			rest = device
		case name == "all" || twice:
			return nil, fmt.Errorf("place %.60q: %s is named twice", text, name)
		case !slices.Contains(Placed, component):
			return nil, fmt.Errorf("place %.60q: no component %.40q: want one of %s or all", text, name, strings.Join(shortNames(), ", "))
		default:
			place[component] = device
		}
	}
	if rest != "" {
		for _, c := range Placed {
			if _, named := place[c]; !named {
				place[c] = rest
			}
		}
	}
	return place, nil
}

// shortNames are the short names in the order of Placed.
func shortNames() []string {
	names := make([]string, len(Placed))
	for short, long := range placeNames {
		names[slices.Index(Placed, long)] = short
	}
	return names
}

// roomLeft is what a device keeps for the values between the layers.
const roomLeft = 1 << 30

// DefaultPlace puts the components, in the order of Placed, on the first GPU that has room for their bytes, and on the
// processor where none has. GPUs that share the processor's memory are not chosen unless they are named.
func DefaultPlace(devices []ggml.Device, sizes map[string]int64) map[string]string {
	place := make(map[string]string, len(Placed))
	left := make([]int64, len(devices))
	for i, d := range devices {
		left[i] = d.Free - roomLeft
	}
	for _, c := range Placed {
		place[c] = ggml.Processor
		for i, d := range devices {
			if d.Kind == ggml.GPU && sizes[c] <= left[i] {
				left[i] -= sizes[c]
				place[c] = d.Name
				break
			}
		}
	}
	return place
}

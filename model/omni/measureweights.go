package omni

import (
	"cmp"

	"omnilive/model/ggml"
	"omnilive/model/llama"
)

// A PartWeight is what a part of the model takes.
type PartWeight struct {
	Part    string
	Numbers int64 // weights
	Bytes   int64 // in memory, where it runs; the decoders' once they are used
	Type    ggml.Type
	Device  string
}

// partsOf are the components that are loaded and kept with another one's settings.
var partsOf = map[string]string{
	VisionProjector: VisionModel, AudioProjector: AudioModel, NamedVoices: VocoderPlace, ClonedVoice: VocoderPlace, ImageDecoder: DecoderPlace,
}

// Weigh returns the weights of every part that the checkpoint has, and behind the language model's what it remembers of all
// the calls that there may be.
func (m *Model) Weigh() (all []PartWeight) {
	parts, _ := m.folder.Inspect()
	for _, p := range parts {
		if p.Absent || p.Elements == 0 {
			continue
		}
		whose := cmp.Or(partsOf[p.Name], p.Name)
		kept := m.o.kept(whose)
		all = append(all, PartWeight{Part: p.Name, Numbers: p.Elements, Bytes: p.Memory(kept), Type: kept, Device: m.o.Place[whose]})
		if p.Name == LanguageModel {
			o, l := m.language.engine.Options(), m.folder.Config.Language
			values := 2 * l.Layers * l.KeyHeads * l.HeadSize * int64(o.ContextPerSequence) * int64(o.Sequences)
			t := map[llama.KVType]ggml.Type{llama.KVF16: ggml.F16, llama.KVF32: ggml.F32, llama.KVQ8: ggml.Q8_0}[o.KVType]
			size, _ := t.Size([]int64{values})
			all = append(all, PartWeight{Part: "keys and values", Bytes: size, Type: t, Device: m.o.Place[whose]})
		}
	}
	return all
}

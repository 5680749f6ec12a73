package omni

import (
	"maps"
	"strings"
	"testing"

	"omnilive/model/ggml"
)

func TestParsePlace(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"":                          nil,
		"vision=cpu,llm=gpu0":       {VisionModel: "cpu", LanguageModel: "gpu0"},
		" vision_model = gpu1 ":     {VisionModel: "gpu1"},
		"image-decoder=gpu0":        {DecoderPlace: "gpu0"},
		"all=gpu0,vocoder=cpu":      {VocoderPlace: "cpu", LanguageModel: "gpu0", VisionModel: "gpu0", AudioModel: "gpu0", Compressor: "gpu0", ImageTokenizer: "gpu0", SpeechTokenizer: "gpu0", DecoderPlace: "gpu0"},
		"speech-tokenizer=cpu,gpu1": {SpeechTokenizer: "cpu", VocoderPlace: "gpu1", LanguageModel: "gpu1", VisionModel: "gpu1", AudioModel: "gpu1", Compressor: "gpu1", ImageTokenizer: "gpu1", DecoderPlace: "gpu1"},
	} {
		if got, err := ParsePlace(text); err != nil || !maps.Equal(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"vision":                      "", // a device alone: its name is looked for later
		"vision=":                     "want component=device",
		"=cpu":                        "no component",
		"ear=cpu":                     "no component",
		"llm=cpu,language_model=":     "want component=device",
		"llm=cpu,language_model=gpu0": "twice",
		"cpu,gpu0":                    "twice",
	} {
		if _, err := ParsePlace(text); want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzParsePlace(f *testing.F) {
	f.Add("vision=cpu,llm=gpu0")
	f.Add("all=cpu,gpu0,=")
	f.Fuzz(func(t *testing.T, text string) {
		place, err := ParsePlace(text)
		for c, d := range place {
			if err != nil || ComponentOf("model."+c+".x") == "" && c != VocoderPlace && c != DecoderPlace || d == "" {
				t.Errorf("%q puts %q on %q: %v", text, c, d, err)
			}
		}
	})
}

func TestDefaultPlace(t *testing.T) {
	const gb = 1 << 30
	sizes := map[string]int64{
		LanguageModel: 22 * gb, VisionModel: 3 * gb / 2, AudioModel: 3 * gb / 2, Compressor: gb / 4, ImageTokenizer: gb,
		SpeechTokenizer: gb / 2, VocoderPlace: gb / 2, DecoderPlace: 4 * gb,
	}
	cpu := ggml.Device{Name: "cpu", Kind: ggml.CPU, Free: 64 * gb}
	gpu := func(name string, free int64) ggml.Device {
		return ggml.Device{Name: name, Kind: ggml.GPU, Free: free * gb}
	}
	for name, c := range map[string]struct {
		devices []ggml.Device
		want    string // devices in the order of Placed
	}{
		"none":              {[]ggml.Device{cpu}, "cpu cpu cpu cpu cpu cpu cpu cpu"},
		"all fit":           {[]ggml.Device{cpu, gpu("gpu0", 80)}, "gpu0 gpu0 gpu0 gpu0 gpu0 gpu0 gpu0 gpu0"},
		"all but painting":  {[]ggml.Device{cpu, gpu("gpu0", 32)}, "gpu0 gpu0 gpu0 gpu0 gpu0 gpu0 gpu0 cpu"},
		"only words":        {[]ggml.Device{cpu, gpu("gpu0", 24)}, "gpu0 cpu cpu gpu0 cpu gpu0 cpu cpu"},
		"too small for it":  {[]ggml.Device{cpu, gpu("gpu0", 8)}, "cpu gpu0 gpu0 gpu0 gpu0 gpu0 gpu0 cpu"},
		"the rest on two":   {[]ggml.Device{cpu, gpu("gpu0", 24), gpu("gpu1", 24)}, "gpu0 gpu1 gpu1 gpu0 gpu1 gpu0 gpu1 gpu1"},
		"only a shared one": {[]ggml.Device{cpu, {Name: "gpu0", Kind: ggml.IntegratedGPU, Free: 60 * gb}}, "cpu cpu cpu cpu cpu cpu cpu cpu"},
		"full":              {[]ggml.Device{cpu, gpu("gpu0", 0)}, "cpu cpu cpu cpu cpu cpu cpu cpu"},
	} {
		place := DefaultPlace(c.devices, sizes)
		var got []string
		for _, p := range Placed {
			got = append(got, place[p])
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

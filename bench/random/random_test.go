package main

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"omnilive/model/checkpoint"
	"omnilive/model/gguf"
	"omnilive/model/omni"
	"omnilive/model/omni/omnitest"
)

func TestHalf(t *testing.T) {
	for _, v := range []float64{0, 0.02, -0.02, 0.5, -0.999, 1e-3, 7e-5, 1e-9} {
		if got := float64(gguf.Float16(half(v))); math.Abs(got-v) > math.Abs(v)/1000+7e-5 {
			t.Errorf("%v became %v", v, got)
		}
	}
}

func TestLayersAreCut(t *testing.T) {
	count := func(layers int) map[string]int {
		n := map[string]int{}
		for _, t := range kept(layers) {
			n[omni.ComponentOf(t.Name)]++
		}
		return n
	}
	if n := len(kept(0)); n != len(omnitest.Published()) {
		t.Errorf("%d tensors of all layers", n)
	}
	two, three := count(2), count(3)
	for component, per := range map[string]int{
		omni.LanguageModel: 9, omni.VisionModel: 12, omni.AudioModel: 15, omni.ImageTokenizer: 16, omni.SpeechTokenizer: 16, omni.Compressor: 0,
	} {
		if three[component]-two[component] != per {
			t.Errorf("a layer of %s has %d tensors, want %d", component, three[component]-two[component], per)
		}
	}
}

// The words and the config go together: the vocabulary finds every control token, unit and code where the 8B has it.
func TestTexts(t *testing.T) {
	const like = "../../model/omni/verify/testdata/omni-whole"
	out := t.TempDir()
	if err := writeTexts(out, like, 2); err != nil {
		t.Fatal(err)
	}
	tensors := kept(2)[:1]
	if err := writeShard(filepath.Join(out, "model.safetensors"), tensors, newRandom(), io.Discard); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(filepath.Join(out, "model.safetensors")); err != nil || st.Size() < tensors[0].Bytes() {
		t.Errorf("the shard is cut: %v", err)
	}
	f, err := omni.OpenFolder(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Config.Language.Layers != 2 || f.Config.Vision.Tower.Depth != 2 || f.Config.Audio.Audio.Layers != 2 {
		t.Errorf("%+v", f.Config)
	}
	v, err := f.Vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	if v.Size != all || v.Units.First != units || v.Units.Count != 6561 || v.Codes.First != codes || v.Codes.Count != all-codes {
		t.Errorf("%d ids, units %+v, codes %+v", v.Size, v.Units, v.Codes)
	}
}

// The vocoder's plan names the table of its speakers, too.
func TestVocoderHasSpeakers(t *testing.T) {
	p := checkpoint.NewPlan(nothing{})
	if _, _, err := omni.DeclareVocoder(p, []byte("{}"), false, nil); err != nil {
		t.Fatal(err)
	}
	n := slices.IndexFunc(p.Wants(), func(n checkpoint.Need) bool { return n.Name == "spk_emb.weight" })
	if n < 0 || !slices.Equal(p.Wants()[n].Shape, []int64{speakers, vector}) || len(p.Wants()) != 785 {
		t.Errorf("%d tensors, the speakers' is number %d", len(p.Wants()), n)
	}
}

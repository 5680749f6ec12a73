package omni

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"omnilive/model/checkpoint"
	"omnilive/model/omni/bigvgan"
	"omnilive/model/omni/ecapa"
	"omnilive/model/omni/imagedecoder"
	"omnilive/model/torch"
)

// A Part is what there is of a component, held against its config.
type Part struct {
	Name      string
	Tensors   int                 // there
	Wanted    int                 // by the config
	Published int                 // in the 8B; 0 where it is not known
	Elements  int64               // numbers
	Bytes     int64               // as they are stored
	Matrices  int64               // numbers that another type may keep
	Types     map[string]int      // tensors by how they are stored
	Wrong     error               // all that is missing or misshapen, nil where nothing is
	Extra     []checkpoint.Tensor // that no network knows
}

// Inspect looks at every component of the folder and at its decoders, without reading any weights. Unknown are tensors that
// belong to no component.
func (f *Folder) Inspect() (parts []Part, unknown []checkpoint.Tensor) {
	byName := map[string][]checkpoint.Tensor{}
	for _, t := range f.Source.Tensors() {
		c := ComponentOf(t.Name)
		byName[c] = append(byName[c], t)
	}
	projectors := map[string]string{VisionModel: VisionProjector, AudioModel: AudioProjector}
	for _, c := range Components {
		p := f.inspect(c.Name, byName[c.Name])
		p.Published = c.Tensors
		if projector, ok := projectors[c.Name]; ok { // its plan names the projector's tensors too
			p.Wanted -= f.projectorTensors(projector)
		}
		parts = append(parts, p)
	}
	parts = append(parts, f.inspectVocoder(NamedVoices), f.inspectVocoder(ClonedVoice), f.inspectImageDecoder())
	return parts, byName[""]
}

// projectorTensors is how many tensors a projector has.
func (f *Folder) projectorTensors(name string) int {
	for _, c := range Components {
		if c.Name == name {
			return c.Tensors
		}
	}
	return 0
}

func (f *Folder) inspect(name string, tensors []checkpoint.Tensor) Part {
	part := Part{Name: name}
	part.count(tensors)
	switch {
	case len(tensors) == 0 && name == LanguageModel && f.converted():
		return f.inspectConverted(part)
	case len(tensors) == 0:
		part.Wrong = errors.New("not there")
		return part
	case name == VisionProjector || name == AudioProjector: // checked with their encoders
		part.Wanted = f.projectorTensors(name)
		return part
	}
	plan := f.Declare(name)
	part.Wanted, part.Wrong, part.Extra = plan.Named(), plan.Err(), plan.Extra(prefix(name))
	return part
}

// inspectConverted counts what a converted language model holds.
func (f *Folder) inspectConverted(part Part) Part {
	src, err := checkpoint.Open(filepath.Join(f.Dir, languageFile))
	if err != nil {
		part.Wrong = err
		return part
	}
	defer src.Close()
	part.count(src.Tensors())
	part.Wanted = part.Tensors
	return part
}

// count adds tensors up.
func (p *Part) count(tensors []checkpoint.Tensor) {
	p.Types = map[string]int{}
	for _, t := range tensors {
		p.Tensors++
		p.Elements += t.Elements()
		p.Bytes += t.Bytes()
		if len(t.Shape) > 1 {
			p.Matrices += t.Elements()
		}
		p.Types[t.Type.String()]++
	}
}

func (f *Folder) inspectVocoder(name string) Part {
	part := Part{Name: name}
	file, err := torch.Open(filepath.Join(f.Dir, filepath.FromSlash(name)))
	if err != nil {
		if part.Wrong = err; errors.Is(err, fs.ErrNotExist) {
			part.Wrong = errors.New("not there")
		}
		return part
	}
	defer file.Close()
	part.count(file.Tensors())
	text, err := file.Config()
	if err != nil {
		part.Wrong = err
		return part
	}
	config, err := bigvgan.Parse(text)
	if err != nil {
		part.Wrong = err
		return part
	}
	plan := checkpoint.NewPlan(file)
	bigvgan.Declare(plan, config, nil)
	if name == ClonedVoice {
		c, err := ecapa.Parse(text)
		if err != nil {
			part.Wrong = err
			return part
		}
		ecapa.Declare(plan.At("spk_emb."), c, nil)
	}
	part.Wanted, part.Wrong, part.Extra = plan.Named(), plan.Err(), plan.Extra("")
	return part
}

func (f *Folder) inspectImageDecoder() Part {
	part := Part{Name: ImageDecoder}
	dir := filepath.Join(f.Dir, filepath.FromSlash(ImageDecoder))
	if _, err := os.Stat(dir); err != nil {
		part.Wrong = errors.New("not there")
		return part
	}
	config, err := imagedecoder.ReadConfig(dir)
	if err != nil {
		part.Wrong = err
		return part
	}
	src, err := imagedecoder.OpenSource(dir, config)
	if err != nil {
		part.Wrong = err
		return part
	}
	defer src.Close()
	part.count(src.Tensors())
	plan := checkpoint.NewPlan(src)
	imagedecoder.Declare(plan, src, config, nil)
	part.Wanted, part.Wrong, part.Extra = plan.Named(), plan.Err(), plan.Extra("")
	return part
}

// String is a part in a line, for errors.
func (p Part) String() string {
	return fmt.Sprintf("%s: %d of %d tensors, %d numbers", p.Name, p.Tensors, p.Wanted, p.Elements)
}

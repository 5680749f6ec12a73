package omni

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/omni/imagedecoder"
	"omnilive/model/omni/language"
)

// A Part is what there is of a component, held against its config.
type Part struct {
	Name      string
	Tensors   int                 // there
	Wanted    int                 // by the config
	Published int                 // in the 8B; 0 where it is not known
	Elements  int64               // numbers
	Bytes     int64               // as they are stored
	Matrices  int64               // numbers that another type may keep in memory
	Exact     int64               // numbers that are f32 in memory whatever the type
	Types     map[string]int      // tensors by how they are stored
	Wrong     error               // all that is missing or misshapen, nil where nothing is
	Extra     []checkpoint.Tensor // that no network knows
	Absent    bool                // a decoder that is not there, without which the model runs
}

// Inspect looks at every component of the folder and at its decoders, without reading any weights. Unknown are tensors that
// belong to no component.
func (f *Folder) Inspect() (parts []Part, unknown []checkpoint.Tensor) {
	byName := map[string][]checkpoint.Tensor{}
	for _, t := range f.Source.Tensors() {
		c := ComponentOf(t.Name)
		byName[c] = append(byName[c], t)
	}
	for _, c := range Components {
		p := f.inspect(c.Name, byName[c.Name])
		p.Published = c.Tensors
		parts = append(parts, p)
	}
	parts = append(parts, f.inspectVocoder(NamedVoices), f.inspectVocoder(ClonedVoice), f.inspectImageDecoder())
	return parts, byName[""]
}

var errNotThere = errors.New("not there: fetch the checkpoint again")

func (f *Folder) inspect(name string, tensors []checkpoint.Tensor) Part {
	part := Part{Name: name}
	part.count(tensors)
	switch {
	case len(tensors) == 0 && name == LanguageModel && f.converted():
		return f.inspectConverted(part)
	case len(tensors) == 0:
		part.Wrong = errNotThere
		return part
	}
	whose := name
	switch name { // the plan of an encoder names its projector too
	case VisionProjector:
		whose = VisionModel
	case AudioProjector:
		whose = AudioModel
	}
	plan := f.Declare(whose)
	part.Wanted, part.Extra = plan.NamedBelow(prefix(name)), plan.Extra(prefix(name))
	if whose == name {
		part.Wrong = plan.Err()
	}
	part.weigh(tensors, plan.Uses())
	return part
}

// inspectConverted looks at a language model in the file that libllama loads.
func (f *Folder) inspectConverted(part Part) Part {
	src, err := checkpoint.Open(filepath.Join(f.Dir, languageFile))
	if err != nil {
		part.Wrong = err
		return part
	}
	defer src.Close()
	part.count(src.Tensors())
	plan := checkpoint.NewPlan(src)
	language.DeclareConverted(plan, f.Config.Language)
	part.Wanted, part.Wrong, part.Extra = plan.Named(), plan.Err(), plan.Extra("")
	part.weigh(src.Tensors(), nil)
	return part
}

// count adds tensors up.
func (p *Part) count(tensors []checkpoint.Tensor) {
	p.Types = map[string]int{}
	for _, t := range tensors {
		p.Tensors++
		p.Elements += t.Elements()
		p.Bytes += t.Bytes()
		p.Types[t.Type.String()]++
	}
}

// weigh adds up what tensors take in memory, by what a plan uses them for. The language model's are used by libllama, which
// loads them all.
func (p *Part) weigh(tensors []checkpoint.Tensor, uses map[string]checkpoint.Use) {
	for _, t := range tensors {
		use, ok := uses[t.Name]
		switch {
		case p.Name == LanguageModel && len(t.Shape) > 1:
			p.Matrices += t.Elements()
		case p.Name == LanguageModel:
			p.Exact += t.Elements()
		case !ok || use == checkpoint.UseUnread:
		case use == checkpoint.UseExact:
			p.Exact += t.Elements()
		default:
			p.Matrices += t.Elements()
		}
	}
}

// Memory returns the bytes that a part takes with its matrices in another type.
func (p Part) Memory(t ggml.Type) int64 {
	const blocks = 256 // a whole number of blocks of every type
	size, _ := t.Size([]int64{blocks})
	return int64(float64(p.Matrices)*float64(size)/blocks) + 4*p.Exact
}

func (f *Folder) inspectVocoder(name string) Part {
	part := Part{Name: name}
	file, err := f.OpenVocoder(name)
	if absent := (*AbsentError)(nil); errors.As(err, &absent) {
		part.Absent = true
		return part
	}
	if err != nil {
		part.Wrong = err
		return part
	}
	defer file.Close()
	part.count(file.Tensors())
	text, err := file.Config()
	if err != nil {
		part.Wrong = err
		return part
	}
	plan := checkpoint.NewPlan(file)
	if _, _, err := DeclareVocoder(plan, text, name == ClonedVoice, nil); err != nil {
		part.Wrong = err
		return part
	}
	part.Wanted, part.Wrong, part.Extra = plan.Named(), plan.Err(), plan.Extra("")
	part.weigh(file.Tensors(), plan.Uses())
	return part
}

func (f *Folder) inspectImageDecoder() Part {
	part := Part{Name: ImageDecoder}
	dir := filepath.Join(f.Dir, filepath.FromSlash(ImageDecoder))
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		part.Absent = true
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
	part.weigh(src.Tensors(), plan.Uses())
	return part
}

// String is a part in a line, for errors.
func (p Part) String() string {
	return fmt.Sprintf("%s: %d of %d tensors, %d numbers", p.Name, p.Tensors, p.Wanted, p.Elements)
}

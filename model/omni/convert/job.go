package convert

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/gguf"
	"omnilive/model/omni"
	"omnilive/model/omni/language"
)

// longest is how long the name of a tensor may be in a GGUF file.
const longest = 63

// A job is one GGUF file to write.
type job struct {
	component string
	name      string // of the file, below the folder
	config    []byte // what the component is configured by
	src       checkpoint.Source
	values    []gguf.Value // of the header, beside those of every file
	tensors   []gguf.Tensor
	from      []checkpoint.Tensor // for each of tensors; nil for the language model
	options   language.Options
}

// job lists the tensors below prefix as they will be kept. In the file they are named without prefix, and named as before
// with before in front.
func (r *run) job(component, name, prefix, before string, src checkpoint.Source, uses map[string]checkpoint.Use) *job {
	j := &job{component: component, name: name, config: r.f.Text, src: src}
	var shapes, names []string
	for _, t := range src.Tensors() {
		use, named := uses[t.Name]
		if !named || !strings.HasPrefix(t.Name, prefix) {
			continue // what no network knows is left out
		}
		own := strings.TrimPrefix(t.Name, prefix)
		to := gguf.Tensor{Name: own, Type: kept(t, use, r.o.kept(component)), Shape: flat(t)}
		if len(own) > longest {
			sum := sha256.Sum256([]byte(own))
			to.Name = own[:longest-17] + "~" + hex.EncodeToString(sum[:8])
			names = append(names, to.Name+" "+own)
		}
		if len(t.Shape) != 1 && len(t.Shape) != 2 {
			shapes = append(shapes, strings.TrimSpace(to.Name+" "+strings.Trim(fmt.Sprint(t.Shape), "[]")))
		}
		j.tensors, j.from = append(j.tensors, to), append(j.from, t)
	}
	j.values = []gguf.Value{{Key: checkpoint.KeyPrefix, Data: before}}
	if len(shapes) > 0 {
		j.values = append(j.values, gguf.Value{Key: checkpoint.KeyShapes, Data: shapes})
	}
	if len(names) > 0 {
		j.values = append(j.values, gguf.Value{Key: checkpoint.KeyNames, Data: names})
	}
	return j
}

// flat is the shape that a tensor has in the file: rows of all that belongs to one of the first dimension.
func flat(t checkpoint.Tensor) []int64 {
	n := t.Elements()
	if len(t.Shape) < 2 {
		return []int64{n}
	}
	return []int64{n / t.Shape[0], t.Shape[0]}
}

// coarser are the types for rows that are no whole number of a type's blocks.
var coarser = map[ggml.Type]ggml.Type{gguf.Q4_K: gguf.Q5_0, gguf.Q5_K: gguf.Q5_1, gguf.Q6_K: ggml.Q8_0}

// kept is the type of a tensor in the file.
func kept(t checkpoint.Tensor, use checkpoint.Use, want ggml.Type) ggml.Type {
	switch t.Type {
	case ggml.F32, ggml.F16, ggml.BF16, gguf.F64:
	default:
		return t.Type // integers and what is in blocks already
	}
	plain := want == ggml.F32 || want == ggml.F16 || want == ggml.BF16
	switch {
	case use == checkpoint.UseExact || len(t.Shape) < 2 || t.Elements() == t.Shape[0]:
		return ggml.F32
	case plain:
		return want
	case use != checkpoint.UseMatrix:
		return ggml.F16 // what is read as f32 has no blocks
	}
	for {
		if _, err := want.Size(flat(t)[:1]); err == nil {
			return want
		}
		next, ok := coarser[want]
		if !ok {
			return ggml.F16
		}
		want = next
	}
}

// languageJob is the file that libllama loads.
func (r *run) languageJob() *job {
	j := &job{component: omni.LanguageModel, name: omni.LanguageModel + ".gguf", config: r.f.Text, src: r.f.Source}
	j.options = language.Options{Type: r.o.kept(omni.LanguageModel), Resume: true}
	return j
}

// header completes what the file says of itself.
func (j *job) header(r *run) error {
	own := []gguf.Value{
		{Key: "omnilive.component", Data: j.component},
		{Key: "omnilive.kept", Data: r.o.kept(j.component).String()},
		{Key: "omnilive.source", Data: r.hash},
		{Key: omni.KeyConfig, Data: string(j.config)},
	}
	if j.from != nil {
		j.values = append(append([]gguf.Value{
			{Key: "general.architecture", Data: "omnilive"}, {Key: "general.name", Data: j.component},
		}, own...), j.values...)
		return nil
	}
	for _, t := range []struct{ file, key string }{
		{"tokenizer.json", "omnilive.tokenizer"},
		{"tokenizer_config.json", "omnilive.tokenizer_config"},
		{"preprocessor_config.json", "omnilive.preprocessor_config"},
		{"audio_preprocessor_config.json", "omnilive.audio_preprocessor_config"},
		{"generation_config.json", "omnilive.generation_config"},
		{"chat_template.jinja", "tokenizer.chat_template"},
	} {
		path := filepath.Join(r.f.Dir, t.file)
		st, err := os.Stat(path)
		if err != nil || !st.Mode().IsRegular() || st.Size() > maxCopy {
			continue // not every checkpoint has all of them
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		own = append(own, gguf.Value{Key: t.key, Data: string(text)})
	}
	j.options.Values = own
	j.values, j.tensors = language.Layout(r.f.Config.Language, j.options)
	return nil
}

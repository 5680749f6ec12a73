package convert

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/gguf"
	"omnilive/model/omni/language"
)

// chunk is how many numbers are held at once.
const chunk = 8 << 20

// write makes the file, where it is not there already.
func (j *job) write(ctx context.Context, r *run) error {
	path := filepath.Join(r.o.Out, filepath.FromSlash(j.name))
	if gguf.Header(path, j.values, j.tensors) {
		r.tell("convert", j.name, j.elements(len(j.tensors)))
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if j.from == nil {
		began := r.done
		o := j.options
		o.Progress = func(done, _ int64) { r.tell("convert", j.name, began+4*done-r.done) }
		return language.Convert(ctx, j.src, r.f.Config.Language, path, o)
	}
	out, err := gguf.Resume(path, j.values, j.tensors)
	if err != nil {
		return err
	}
	defer out.Abort()
	r.tell("convert", j.name, j.elements(out.Written()))
	for i := out.Written(); i < len(j.tensors); i++ {
		if err := j.tensor(ctx, r, i, out); err != nil {
			return fmt.Errorf("tensor %q: %w", j.from[i].Name, err)
		}
	}
	return out.Commit()
}

// elements counts the bytes that the first n tensors have as f32.
func (j *job) elements(n int) (bytes int64) {
	for _, t := range j.tensors[:n] {
		bytes += 4 * checkpoint.Tensor{Shape: t.Shape}.Elements()
	}
	return bytes
}

// tensor writes one tensor, some rows at a time.
func (j *job) tensor(ctx context.Context, r *run, i int, out *gguf.Writer) error {
	from, to := j.from[i], j.tensors[i]
	if to.Type == from.Type && from.Type != ggml.F32 && from.Type != ggml.F16 && from.Type != ggml.BF16 {
		return j.raw(ctx, r, i, out)
	}
	width, rows := to.Shape[0], int64(1)
	if len(to.Shape) > 1 {
		rows = to.Shape[1]
	} else if plain(to.Type) { // may be cut anywhere
		width, rows = 1, width
	}
	row, err := to.Type.Size([]int64{width})
	if err != nil {
		return err
	}
	step := min(max(1, chunk/width), rows)
	values, packed := make([]float32, step*width), make([]byte, step*row)
	for at := int64(0); at < rows; at += step {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		n := min(step, rows-at)
		if err := checkpoint.ReadRows(j.src, from, at*width, values[:n*width]); err != nil {
			return err
		}
		if err := checkpoint.Pack(packed[:n*row], to.Type, values[:n*width], width); err != nil {
			return err
		}
		if err := out.WritePart(to.Name, packed[:n*row], at+n == rows); err != nil {
			return err
		}
		r.tell("convert", j.name, 4*n*width)
	}
	return nil
}

func plain(t ggml.Type) bool { return t == ggml.F32 || t == ggml.F16 || t == ggml.BF16 }

// raw copies a tensor as it is.
func (j *job) raw(ctx context.Context, r *run, i int, out *gguf.Writer) error {
	size, buf := j.from[i].Bytes(), make([]byte, min(4*chunk, j.from[i].Bytes()))
	for at := int64(0); at < size; at += int64(len(buf)) {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		buf = buf[:min(int64(len(buf)), size-at)]
		if err := j.src.Read(j.from[i], at, buf); err != nil {
			return err
		}
		if err := out.WritePart(j.tensors[i].Name, buf, at+int64(len(buf)) == size); err != nil {
			return err
		}
	}
	r.tell("convert", j.name, 4*j.from[i].Elements())
	return nil
}

package language

import (
	"context"
	"fmt"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/gguf"
)

// chunk is how many bytes of f32 are held at once.
const chunk = 32 << 20

// Options say how weights are kept.
type Options struct {
	Type     ggml.Type               // of all matrices: F32, F16, BF16, Q8_0, Q4_0 or another that ggml.Quantize makes
	Values   []gguf.Value            // what else the file's header is to hold
	Resume   bool                    // an unfinished file stays, and the next Convert of the same goes on in it
	Progress func(done, total int64) // numbers written; may be nil
}

// Layout returns what the header of the file says.
func Layout(c Config, o Options) ([]gguf.Value, []gguf.Tensor) {
	weights := c.weights()
	tensors := make([]gguf.Tensor, len(weights))
	for i, w := range weights {
		tensors[i] = w.stored(o.Type)
	}
	return append(c.header(), o.Values...), tensors
}

// Convert writes the language model out of src as a GGUF file at path, which appears there only when whole. Norms stay f32;
// a matrix whose rows are no whole number of blocks is kept as f16. It holds some tens of megabytes at a time.
func Convert(ctx context.Context, src checkpoint.Source, c Config, path string, o Options) error {
	plan := checkpoint.NewPlan(src)
	Declare(plan, c)
	if err := plan.Err(); err != nil {
		return fmt.Errorf("convert the language model:\n%w", err)
	}
	values, tensors := Layout(c, o)
	create := gguf.Create
	if o.Resume {
		create = gguf.Resume
	}
	out, err := create(path, values, tensors)
	if err != nil {
		return fmt.Errorf("convert the language model: %w", err)
	}
	defer out.Abort()
	if err := c.fill(ctx, src, tensors, out, o.Progress); err != nil {
		return fmt.Errorf("convert the language model: %w", err)
	}
	if err := out.Commit(); err != nil {
		return fmt.Errorf("convert the language model: %w", err)
	}
	return nil
}

// fill writes the tensors that are not there yet.
func (c Config) fill(ctx context.Context, src checkpoint.Source, tensors []gguf.Tensor, out *gguf.Writer, progress func(done, total int64)) error {
	weights := c.weights()
	done, total := int64(0), int64(0)
	for i, w := range weights {
		total += w.elements()
		if i < out.Written() {
			done += w.elements()
		}
	}
	report := func(n int64) {
		done += n
		if progress != nil {
			progress(done, total)
		}
	}
	report(0)
	for i := out.Written(); i < len(weights); i++ {
		if err := weights[i].write(ctx, src, tensors[i], out, report); err != nil {
			return fmt.Errorf("tensor %q: %w", Prefix+weights[i].from, err)
		}
	}
	return nil
}

// header is the metadata that libllama wants of a model without vocabulary.
func (c Config) header() []gguf.Value {
	return []gguf.Value{
		{Key: "general.architecture", Data: "llama"},
		{Key: "general.name", Data: "language_model"},
		{Key: "llama.block_count", Data: uint32(c.Layers)},
		{Key: "llama.context_length", Data: uint32(max(c.Positions, 32768))},
		{Key: "llama.embedding_length", Data: uint32(c.Width)},
		{Key: "llama.feed_forward_length", Data: uint32(c.Inner)},
		{Key: "llama.attention.head_count", Data: uint32(c.Heads)},
		{Key: "llama.attention.head_count_kv", Data: uint32(c.KeyHeads)},
		{Key: "llama.attention.key_length", Data: uint32(c.HeadSize)},
		{Key: "llama.attention.value_length", Data: uint32(c.HeadSize)},
		{Key: "llama.attention.layer_norm_rms_epsilon", Data: float32(c.Epsilon)},
		{Key: "llama.rope.dimension_count", Data: uint32(c.HeadSize)},
		{Key: "llama.rope.freq_base", Data: float32(c.Theta)},
		{Key: "llama.vocab_size", Data: uint32(c.Vocabulary)},
		{Key: "tokenizer.ggml.model", Data: "no_vocab"},
	}
}

func (w weight) elements() int64 { return checkpoint.Tensor{Shape: w.shape}.Elements() }

// stored is the tensor of the file.
func (w weight) stored(t ggml.Type) gguf.Tensor {
	if len(w.shape) == 1 {
		return gguf.Tensor{Name: w.to, Type: gguf.F32, Shape: []int64{w.shape[0]}}
	}
	shape := []int64{w.shape[1], w.shape[0]}
	if _, err := t.Size(shape); err != nil {
		t = gguf.F16
	}
	return gguf.Tensor{Name: w.to, Type: t, Shape: shape}
}

// write copies one tensor, a stretch of rows at a time.
func (w weight) write(ctx context.Context, src checkpoint.Source, t gguf.Tensor, out *gguf.Writer, report func(int64)) error {
	width, rows := t.Shape[0], int64(1)
	if len(t.Shape) > 1 {
		rows = t.Shape[1]
	}
	step := max(1, chunk/4/width)
	if w.heads > 0 { // whole heads
		size := rows / w.heads
		step = max(size, step/size*size)
	}
	row, err := t.Type.Size([]int64{width})
	if err != nil {
		return err
	}
	in, ok := src.Lookup(Prefix + w.from)
	if !ok {
		return fmt.Errorf("gone")
	}
	for at := int64(0); at < rows; at += step {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		n := min(step, rows-at)
		values := make([]float32, n*width)
		if err := checkpoint.ReadRows(src, in, at*width, values); err != nil {
			return err
		}
		if w.heads > 0 {
			values = interleaved(values, int(width), int(rows/w.heads))
		}
		packed := make([]byte, n*row)
		if err := checkpoint.Pack(packed, t.Type, values, width); err != nil {
			return err
		}
		if err := out.WritePart(w.to, packed, at+n == rows); err != nil {
			return err
		}
		report(n * width)
	}
	return nil
}

// interleaved moves the rows of each head of size rows so that row j and row j+size/2, which turn together, lie side by side.
func interleaved(rows []float32, width, size int) []float32 {
	out := make([]float32, len(rows))
	half := size / 2
	for i := range len(rows) / width {
		head, j := i/size, i%size
		to := head*size + 2*j
		if j >= half {
			to = head*size + 2*(j-half) + 1
		}
		copy(out[to*width:(to+1)*width], rows[i*width:(i+1)*width])
	}
	return out
}

package camera

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"omnilive/model/onnx"
	"omnilive/model/torch"
)

// EfficientNet-Lite0 (Tan & Le 2019, arXiv:1905.11946; the lite variants drop squeeze-and-excitation and use ReLU6),
// with the tensor names of the PyTorch port whose weights are read.
const (
	classes    = 1000
	classSize  = 224 // pixels a side
	stemWidth  = 32
	headWidth  = 1280
	normalizer = 1e-3 // epsilon of the batch normalisation
)

// stages are the network's rows of inverted bottlenecks: how many, kernel, first stride, expansion, width.
var stages = []struct{ repeats, kernel, stride, expand, width int }{
	{1, 3, 1, 1, 16},
	{2, 3, 2, 6, 24},
	{2, 5, 2, 6, 40},
	{3, 3, 2, 6, 80},
	{3, 5, 1, 6, 112},
	{4, 5, 2, 6, 192},
	{1, 3, 1, 6, 320},
}

// A builder writes the network as an ONNX graph, folding each normalisation into the convolution before it.
type builder struct {
	graph   onnx.Graph
	weights map[string]torch.Array
	wrong   []string // tensors that are missing or of another shape
	size    int      // side of the picture at this depth
	nodes   int
}

// efficientNet returns the network in the ONNX format: picture [1, 3, 224, 224] in, scores [1, 1000] summing to 1
// out. It works on the weights in place: they are of no use afterwards.
func efficientNet(weights map[string]torch.Array) ([]byte, error) {
	b := &builder{weights: weights, size: classSize}
	g := &b.graph
	g.Input("picture", "float32", 1, 3, classSize, classSize)
	g.Weight("zero", onnx.Scalar[float32](0))
	g.Weight("six", onnx.Scalar[float32](6))
	x := b.relu6(b.conv("picture", "_conv_stem", "_bn0", 3, stemWidth, 3, 2, 1))
	width, block := stemWidth, 0
	for _, s := range stages {
		for i := range s.repeats {
			stride := s.stride
			if i > 0 {
				stride = 1
			}
			x = b.bottleneck(x, fmt.Sprintf("_blocks.%d.", block), width, s.width, s.kernel, stride, s.expand)
			width = s.width
			block++
		}
	}
	x = b.relu6(b.conv(x, "_conv_head", "_bn1", width, headWidth, 1, 1, 1))
	x = b.node("GlobalAveragePool", x)
	x = b.node("Flatten", x)
	g.Weight("fc", b.weight("_fc.weight", classes, headWidth))
	g.Weight("fc_bias", b.weight("_fc.bias", classes))
	g.Node("Gemm", []string{x, "fc", "fc_bias"}, "logits", onnx.Int("transB", 1))
	g.Node("Softmax", []string{"logits"}, "scores", onnx.Int("axis", 1))
	g.Output("scores", "float32", 1, classes)
	g.Output("logits", "float32", 1, classes)
	if len(b.wrong) > 0 {
		slices.Sort(b.wrong)
		return nil, fmt.Errorf("not EfficientNet-Lite0: missing or misshapen %s", strings.Join(b.wrong, ", "))
	}
	return g.Model("efficientnet-lite0", nil), nil
}

// bottleneck is one inverted bottleneck: widen, filter each channel, narrow, and add the input where nothing changed size.
func (b *builder) bottleneck(in, name string, width, out, kernel, stride, expand int) string {
	x, mid := in, width*expand
	if expand != 1 {
		x = b.relu6(b.conv(x, name+"_expand_conv", name+"_bn0", width, mid, 1, 1, 1))
	}
	x = b.relu6(b.conv(x, name+"_depthwise_conv", name+"_bn1", mid, mid, kernel, stride, mid))
	x = b.conv(x, name+"_project_conv", name+"_bn2", mid, out, 1, 1, 1)
	if stride == 1 && width == out {
		x = b.node("Add", x, in)
	}
	return x
}

// conv is a convolution with TensorFlow's SAME padding, which sets the odd pixel at the right and the bottom.
func (b *builder) conv(in, name, bn string, width, out, kernel, stride, groups int) string {
	w := b.folded(name, bn, out, width/groups, kernel)
	after := (b.size + stride - 1) / stride
	pad := max((after-1)*stride+kernel-b.size, 0)
	b.size = after
	b.nodes++
	y := fmt.Sprintf("%s_%d", strings.TrimLeft(name, "_"), b.nodes)
	b.graph.Node("Conv", []string{in, w, w + ".bias"}, y,
		onnx.Ints("kernel_shape", kernel, kernel), onnx.Ints("strides", stride, stride), onnx.Int("group", groups),
		onnx.Ints("pads", pad/2, pad/2, pad-pad/2, pad-pad/2))
	return y
}

// folded adds the convolution's weights [out, in, kernel, kernel] and bias with the normalisation worked in.
func (b *builder) folded(name, bn string, out, in, kernel int) string {
	w := b.tensor(name+".weight", out, in, kernel, kernel)
	gain, shift := b.tensor(bn+".weight", out), b.tensor(bn+".bias", out)
	mean, variance := b.tensor(bn+".running_mean", out), b.tensor(bn+".running_var", out)
	if w == nil || gain == nil || shift == nil || mean == nil || variance == nil {
		return name
	}
	bias := make([]float32, out)
	each := len(w) / out
	for o := range out {
		g := float32(float64(gain[o]) / math.Sqrt(float64(variance[o])+normalizer))
		for i := o * each; i < (o+1)*each; i++ {
			w[i] *= g
		}
		bias[o] = shift[o] - mean[o]*g
	}
	b.graph.Weight(name, onnx.Of(w, out, in, kernel, kernel))
	b.graph.Weight(name+".bias", onnx.Of(bias, out))
	return name
}

func (b *builder) relu6(x string) string { return b.node("Clip", x, "zero", "six") }

func (b *builder) node(op string, in ...string) string {
	b.nodes++
	y := fmt.Sprintf("%s_%d", strings.ToLower(op), b.nodes)
	b.graph.Node(op, in, y)
	return y
}

// tensor returns a weight by its name, or nil with a note of what is wrong.
func (b *builder) tensor(name string, shape ...int) []float32 {
	t, ok := b.weights[name]
	if !ok || !slices.Equal(t.Shape, shape) {
		b.wrong = append(b.wrong, fmt.Sprintf("%s %v", name, shape))
		return nil
	}
	return t.Data
}

func (b *builder) weight(name string, shape ...int) onnx.Tensor {
	return onnx.Of(b.tensor(name, shape...), shape...)
}

package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// A Graph is a network under construction, written in the ONNX format (onnx.proto3; IR version 8, operator set 13) for
// NewSessionFromBytes. It checks nothing: the library does when it loads the result. Names must be unique.
type Graph struct {
	body    []byte   // GraphProto without its name and weights
	weights []weight // kept apart, so that they are copied only once
}

// A weight is a TensorProto without its content.
type weight struct {
	head   []byte
	tensor Tensor
}

// Field numbers of the protocol buffers used here, named message by message as in onnx.proto3.
const (
	modelIRVersion, modelProducer, modelGraph, modelOpset, modelMetadata = 1, 2, 7, 8, 14
	graphNode, graphName, graphWeight, graphInput, graphOutput           = 1, 2, 5, 11, 12
	nodeInput, nodeOutput, nodeName, nodeOp, nodeAttribute               = 1, 2, 3, 4, 5
	tensorDims, tensorType, tensorName, tensorRaw                        = 1, 2, 8, 9
	attrName, attrFloat, attrInt, attrInts, attrType                     = 1, 2, 3, 8, 20
)

// elementCodes are the values of TensorProto.DataType.
var elementCodes = map[string]uint64{"float32": 1, "uint8": 2, "int32": 6, "int64": 7}

// Input declares an input of an element type ("float32", …) and shape; -1 leaves a size free.
func (g *Graph) Input(name, element string, shape ...int) {
	g.body = message(g.body, graphInput, valueInfo(name, element, shape))
}

// Output declares an output like Input.
func (g *Graph) Output(name, element string, shape ...int) {
	g.body = message(g.body, graphOutput, valueInfo(name, element, shape))
}

// Weight adds a constant under a name. The tensor's slice is read by Model and must not change before.
func (g *Graph) Weight(name string, t Tensor) {
	var b []byte
	for _, d := range t.shape {
		b = varint(b, tensorDims, uint64(d))
	}
	b = varint(b, tensorType, elementCodes[t.elementName()])
	b = message(b, tensorName, []byte(name))
	b = binary.AppendUvarint(b, tensorRaw<<3|2)
	g.weights = append(g.weights, weight{binary.AppendUvarint(b, uint64(t.bytes())), t})
}

// Node adds an operator that reads the values named in and writes the value named out. The node bears out's name.
func (g *Graph) Node(op string, in []string, out string, attributes ...Attribute) {
	var b []byte
	for _, name := range in {
		b = message(b, nodeInput, []byte(name))
	}
	b = message(b, nodeOutput, []byte(out))
	b = message(b, nodeName, []byte(out))
	b = message(b, nodeOp, []byte(op))
	for _, a := range attributes {
		b = message(b, nodeAttribute, a)
	}
	g.body = message(g.body, graphNode, b)
}

// Model returns the file's bytes; metadata is what Session.Metadata finds.
func (g *Graph) Model(name string, metadata map[string]string) []byte {
	b := varint(nil, modelIRVersion, 8)
	b = message(b, modelProducer, []byte("omnilive"))
	b = message(b, modelOpset, varint(message(nil, 1, nil), 2, 13))
	for k, v := range metadata {
		b = message(b, modelMetadata, message(message(nil, 1, []byte(k)), 2, []byte(v)))
	}
	graph := message(g.body, graphName, []byte(name))
	size := len(graph)
	heads := make([][]byte, len(g.weights))
	for i, w := range g.weights {
		heads[i] = binary.AppendUvarint(nil, graphWeight<<3|2)
		heads[i] = binary.AppendUvarint(heads[i], uint64(len(w.head)+w.tensor.bytes()))
		heads[i] = append(heads[i], w.head...)
		size += len(heads[i]) + w.tensor.bytes()
	}
	b = binary.AppendUvarint(b, modelGraph<<3|2)
	b = binary.AppendUvarint(b, uint64(size))
	b = append(slices.Grow(b, size), graph...)
	for i, w := range g.weights {
		b = w.tensor.littleEndian(append(b, heads[i]...))
	}
	return b
}

// An Attribute is a fixed setting of a node, as Ints, Int and Float make it.
type Attribute []byte

// Ints is an attribute that holds a list of whole numbers.
func Ints(name string, list ...int) Attribute {
	b := message(nil, attrName, []byte(name))
	for _, v := range list {
		b = varint(b, attrInts, uint64(v))
	}
	return varint(b, attrType, 7)
}

// Int is an attribute that holds a whole number.
func Int(name string, v int) Attribute {
	b := varint(message(nil, attrName, []byte(name)), attrInt, uint64(v))
	return varint(b, attrType, 2)
}

// Float is an attribute that holds a number.
func Float(name string, v float32) Attribute {
	b := binary.AppendUvarint(message(nil, attrName, []byte(name)), attrFloat<<3|5)
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	return varint(b, attrType, 1)
}

func valueInfo(name, element string, shape []int) []byte {
	var dims []byte
	for i, d := range shape {
		dim := varint(nil, 1, uint64(d))
		if d < 0 {
			dim = message(nil, 2, fmt.Appendf(nil, "%s_%d", name, i))
		}
		dims = message(dims, 1, dim)
	}
	tensor := message(varint(nil, 1, elementCodes[element]), 2, dims)
	return message(message(nil, 1, []byte(name)), 2, message(nil, 1, tensor))
}

// varint appends a field that holds a whole number, message one that holds bytes.
func varint(b []byte, field int, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(field)<<3), v)
}

func message(b []byte, field int, content []byte) []byte {
	b = binary.AppendUvarint(b, uint64(field)<<3|2)
	return append(binary.AppendUvarint(b, uint64(len(content))), content...)
}

// bytes is the size of the tensor's content, littleEndian appends it as the format stores it.
func (t Tensor) bytes() int { return max(binary.Size(t.data), 0) }

func (t Tensor) littleEndian(b []byte) []byte {
	if t.data == nil {
		return b
	}
	b, _ = binary.Append(b, binary.LittleEndian, t.data) // numbers always fit
	return b
}

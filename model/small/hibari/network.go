package hibari

import (
	"encoding/binary"
	"fmt"
	"os"

	"omnilive/model/onnx"
	"omnilive/model/small/hibari/vocoder"
)

const (
	// durations is a value inside the network of 0.2.1: how long each phoneme lasts, before the frames are laid out.
	durations = "/Cast_32_output_0"
	// beat is the unit of durations, in samples: two frames.
	beat = 2 * vocoder.Hop
)

// openNetwork loads hibari.onnx with the durations as one output more.
func openNetwork(path string, threads int) (*onnx.Session, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open synthesizer: %w (run `omnilive models fetch`)", err)
	}
	s, err := onnx.NewSessionFromBytes(path, append(data, outputDeclaration(durations)...), onnx.Options{
		Threads: threads,
		Inputs:  []string{"ids", "speed"},
		Outputs: []string{"lh", "theta", "ln", "lr", "phi", "f0", durations},
	})
	if err != nil {
		return nil, fmt.Errorf("open synthesizer: %w (hibari-tts 0.2.1 is wanted: run `omnilive models fetch`)", err)
	}
	return s, nil
}

// outputDeclaration declares the value name, a list of int64, an output. Appended to a model it works because
// concatenated protocol buffers are merged: ModelProto{graph = 7: {output = 12: {name = 1, type = 2: {tensor = 1:
// {element = 1: int64, shape = 2: one free dimension}}}}} of onnx.proto3.
func outputDeclaration(name string) []byte {
	tensor := append([]byte{1 << 3, 7}, field(2, field(1, field(2, []byte("phonemes"))))...)
	value := append(field(1, []byte(name)), field(2, field(1, tensor))...)
	return field(7, field(12, value))
}

// field is a protocol buffer field that holds bytes.
func field(number int, content []byte) []byte {
	b := binary.AppendUvarint(nil, uint64(number)<<3|2)
	return append(binary.AppendUvarint(b, uint64(len(content))), content...)
}

// predict runs the network on ids, which have 0 at both ends. It returns the durations with the spectrum, one per id.
func predict(network *onnx.Session, ids []int64, speed float64) (*vocoder.Spectrum, []int64, error) {
	out, err := network.Run(onnx.Of(ids, 1, len(ids)), onnx.Of([]float32{float32(speed)}, 1))
	if err != nil {
		return nil, nil, err
	}
	var m [6][]float32
	for i := range m {
		if m[i], err = onnx.Values[float32](out[i]); err != nil {
			return nil, nil, err
		}
	}
	beats, err := onnx.Values[int64](out[6])
	if err != nil {
		return nil, nil, err
	}
	if len(beats) != len(ids) {
		return nil, nil, fmt.Errorf("run synthesizer: %d durations for %d phonemes", len(beats), len(ids))
	}
	return &vocoder.Spectrum{
		Frames: len(m[5]), Harmonic: m[0], Turn: m[1], Noise: m[2], Residual: m[3], Phase: m[4],
		FundamentalPitch: m[5],
	}, beats, nil
}

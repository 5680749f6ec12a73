package camera

import (
	_ "embed"
	"fmt"
	"strings"

	"omnilive/model"
	"omnilive/model/onnx"
	"omnilive/model/torch"
)

// names.txt holds one line for each ImageNet class, in order: how it is said, and after a bar the kind of thing it is,
// where several classes are of one kind ("a dog (beagle)|a dog").
//
//go:embed names.txt
var namesText string

// A class is how one ImageNet class is said.
type class struct{ name, kind string }

func readNames(text string) ([]class, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != classes {
		return nil, fmt.Errorf("%d class names, want %d", len(lines), classes)
	}
	list := make([]class, classes)
	for i, line := range lines {
		name, kind, ok := strings.Cut(line, "|")
		if !ok {
			kind = name
		}
		list[i] = class{name, kind}
	}
	return list, nil
}

// A classifier names the thing in the middle of a picture.
type classifier struct {
	session *onnx.Session
	names   []class
}

// The weights come from TensorFlow's lite models, trained on (byte - 127) / 128 and the middle 7/8 of the shorter side.
// The port's own example uses another mean and deviation; these made the right class of every test photograph likelier.
var classNorm = newNorm([3]float32{127. / 255, 127. / 255, 127. / 255}, [3]float32{128. / 255, 128. / 255, 128. / 255}, false)

const middle = 0.875

func newClassifier(path string, threads int) (*classifier, error) {
	weights, err := torch.Arrays(path)
	if err != nil {
		return nil, fmt.Errorf("classifier: %w (run `omnilive models fetch`)", err)
	}
	network, err := efficientNet(weights)
	if err != nil {
		return nil, fmt.Errorf("classifier %s: %w", path, err)
	}
	names, err := readNames(namesText)
	if err != nil {
		return nil, fmt.Errorf("classifier: %w", err)
	}
	s, err := onnx.NewSessionFromBytes(path, network, onnx.Options{Threads: threads, Outputs: []string{"scores"}})
	if err != nil {
		return nil, fmt.Errorf("classifier: %w", err)
	}
	return &classifier{session: s, names: names}, nil
}

// scores returns the probability of every class.
func (c *classifier) scores(p model.Picture) ([]float32, error) {
	side := middle * float64(min(p.Width, p.Height))
	r := centred(p, side, side)
	x := make([]float32, 3*classSize*classSize)
	resize(p, r, classSize, classSize, classSize, classNorm, x)
	out, err := c.session.Run(onnx.Of(x, 1, 3, classSize, classSize))
	if err != nil {
		return nil, fmt.Errorf("classifier: %w", err)
	}
	return onnx.Values[float32](out[0])
}

// centred is the part of p of the given size around its middle.
func centred(p model.Picture, w, h float64) rect {
	x, y := float64(p.Width)/2, float64(p.Height)/2
	return rect{x - w/2, y - h/2, x + w/2, y + h/2}
}

// Thresholds of what is said: a class by itself, or a kind of thing as the sum of its classes.
const (
	sureClass = 0.45
	sureKind  = 0.45
)

// label names the picture's thing: the class where one stands out, else its kind where the kind's classes together do.
func (c *classifier) label(scores []float32) (Label, bool) {
	kinds := make(map[string]float64)
	best := 0
	for i, s := range scores {
		kinds[c.names[i].kind] += float64(s)
		if s > scores[best] {
			best = i
		}
	}
	if scores[best] >= sureClass {
		return Label{Name: c.names[best].name, Kind: c.names[best].kind, Score: float64(scores[best])}, true
	}
	kind := c.names[best].kind
	for k, s := range kinds {
		if s > kinds[kind] || s == kinds[kind] && k < kind {
			kind = k
		}
	}
	if kinds[kind] < sureKind {
		return Label{}, false
	}
	return Label{Name: kind, Kind: kind, Score: kinds[kind]}, true
}

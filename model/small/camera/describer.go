package camera

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"omnilive/model"
)

// Options of a Describer. The zero value works.
type Options struct {
	Threads int // threads inside one network; 0 means 1
}

// A Describer holds the networks.
type Describer struct {
	classifier *classifier
	detector   *detector
	reader     *reader
}

// Open loads efficientnet-lite0.pth, ppocrv4/det.onnx and ppocrv4/rec.onnx from the folder dir. onnx.Open must have
// succeeded before. It returns an error naming the file that is missing or broken.
func Open(dir string, o Options) (*Describer, error) {
	d := &Describer{}
	var errs [3]error
	d.classifier, errs[0] = newClassifier(filepath.Join(dir, "efficientnet-lite0.pth"), o.Threads)
	d.detector, errs[1] = newDetector(filepath.Join(dir, "ppocrv4", "det.onnx"), o.Threads)
	d.reader, errs[2] = newReader(filepath.Join(dir, "ppocrv4", "rec.onnx"), o.Threads)
	if err := errors.Join(errs[:]...); err != nil {
		d.Close()
		return nil, fmt.Errorf("open camera: %w", err)
	}
	return d, nil
}

// Describe looks at p. A picture under 16 pixels a side has only a colour; one that is no picture is an error. ctx is
// looked at between the networks, each of which takes some tens of milliseconds.
func (d *Describer) Describe(ctx context.Context, p model.Picture) (Scene, error) {
	if err := check(p); err != nil {
		return Scene{}, fmt.Errorf("describe: %w", err)
	}
	var s Scene
	c := sample(p)
	if s.Dark = c.covered(); s.Dark {
		return s, nil
	}
	if colour, share := c.colour(); share >= sureColour {
		s.Colour, s.Share = colour, share
	}
	if min(p.Width, p.Height) < minSide {
		return s, nil
	}
	if err := ctx.Err(); err != nil {
		return Scene{}, err
	}
	scores, err := d.classifier.scores(p)
	if err != nil {
		return Scene{}, fmt.Errorf("describe: %w", err)
	}
	if l, ok := d.classifier.label(scores); ok {
		s.Objects = []Label{l}
	}
	if err := ctx.Err(); err != nil {
		return Scene{}, err
	}
	if s.Text, err = d.texts(ctx, p); err != nil {
		return Scene{}, fmt.Errorf("describe: %w", err)
	}
	return s, nil
}

// Close frees the networks.
func (d *Describer) Close() {
	if d.classifier != nil {
		d.classifier.session.Close()
	}
	if d.detector != nil {
		d.detector.session.Close()
	}
	if d.reader != nil {
		d.reader.session.Close()
	}
}

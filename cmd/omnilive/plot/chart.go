package plot

import (
	"errors"
	"fmt"
	"math"
)

// A Chart is lines over the same axes.
type Chart struct {
	Title, Note string // a heading, and smaller what was measured
	X, Y        string // what the axes count, with units
	Lines       []Line
	Limit       Mark // a value of Y that should not be passed; no Name: none
	At          Mark // a value of X that stands out; no Name: none
}

// A Line is a row of points, joined in their order.
type Line struct {
	Name   string
	Points []Point
}

// A Point is a place in the units of the axes.
type Point struct{ X, Y float64 }

// A Mark is a value on an axis.
type Mark struct {
	Name  string
	Value float64
}

// maxLines is how many lines there are colours for.
const maxLines = 3

// maxPoints bounds what is drawn.
const maxPoints = 1000

// check tells why a chart cannot be drawn.
func (c *Chart) check() error {
	if len(c.Lines) == 0 || len(c.Lines) > maxLines {
		return fmt.Errorf("plot: %d lines, 1 to %d can be drawn", len(c.Lines), maxLines)
	}
	for _, l := range c.Lines {
		if len(l.Points) == 0 || len(l.Points) > maxPoints {
			return fmt.Errorf("plot: line %q has %d points, 1 to %d can be drawn", l.Name, len(l.Points), maxPoints)
		}
		for _, p := range l.Points {
			if bad(p.X) || bad(p.Y) {
				return fmt.Errorf("plot: line %q goes through (%v, %v): both must be numbers of at least 0 and below 1e12", l.Name, p.X, p.Y)
			}
		}
	}
	if bad(c.Limit.Value) || bad(c.At.Value) {
		return errors.New("plot: a mark must be a number of at least 0 and below 1e12")
	}
	return nil
}

// bad tells that v has no place on an axis.
func bad(v float64) bool { return math.IsNaN(v) || v < 0 || v >= 1e12 }

// An axis maps values to pixels.
type axis struct {
	from, to float64 // values
	a, b     float64 // pixels
	ticks    []float64
}

// newAxis covers 0 to at least most with about n ticks.
func newAxis(most, a, b float64, n int, whole bool) axis {
	step := nice(most / float64(n))
	if whole {
		step = max(step, 1)
	}
	x := axis{a: a, b: b}
	for i := 0; ; i++ {
		v := float64(i) * step
		x.ticks = append(x.ticks, v)
		if i > 0 && v >= most {
			x.to = v
			return x
		}
	}
}

// nice is the smallest of 1, 2 and 5 times a power of ten that is at least v.
func nice(v float64) float64 {
	if v <= 0 {
		return 1
	}
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 5} {
		if f*p >= v*(1-1e-9) {
			return f * p
		}
	}
	return 10 * p
}

// at is where a value lies, in pixels.
func (x axis) at(v float64) float64 { return x.a + (v-x.from)/(x.to-x.from)*(x.b-x.a) }

// axes are those of the chart.
func (c *Chart) axes() (x, y axis) {
	mx, my := c.At.Value, 0.0
	if c.Limit.Name != "" {
		my = c.Limit.Value * 1.05
	}
	for _, l := range c.Lines {
		for _, p := range l.Points {
			mx, my = max(mx, p.X), max(my, p.Y)
		}
	}
	return newAxis(mx, left, width-right, 8, true), newAxis(my, height-bottom, top, 5, false)
}

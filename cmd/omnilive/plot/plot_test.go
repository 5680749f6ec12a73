package plot

import (
	"bytes"
	"encoding/xml"
	"math"
	"strconv"
	"strings"
	"testing"
)

// An element of a drawing.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Elements []element  `xml:",any"`
}

func (e *element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (e *element) number(t *testing.T, name string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(e.attr(name), 64)
	if err != nil {
		t.Fatalf("<%s> has %s=%q", e.XMLName.Local, name, e.attr(name))
	}
	return v
}

// all are the elements of a kind and class.
func (e *element) all(kind, class string) (found []*element) {
	for i := range e.Elements {
		c := &e.Elements[i]
		if c.XMLName.Local == kind && (class == "" || strings.Contains(" "+c.attr("class")+" ", " "+class+" ")) {
			found = append(found, c)
		}
		found = append(found, c.all(kind, class)...)
	}
	return found
}

// words finds the text that says so.
func (e *element) words(t *testing.T, words string) *element {
	t.Helper()
	for _, x := range e.all("text", "") {
		if x.Text == words {
			return x
		}
	}
	t.Fatalf("nothing says %q", words)
	return nil
}

func drawn(t *testing.T, c *Chart) *element {
	t.Helper()
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	var e element
	if err := xml.Unmarshal(b.Bytes(), &e); err != nil {
		t.Fatalf("no XML: %v", err)
	}
	return &e
}

func chart() *Chart {
	return &Chart{
		Title: "First sound & calls <at once>", Note: "this machine", X: "calls", Y: "ms",
		Lines: []Line{
			{"p50", []Point{{1, 200}, {2, 250}, {4, 400}, {8, 900}}},
			{"p95", []Point{{1, 300}, {2, 400}, {4, 700}, {8, 1800}}},
		},
		Limit: Mark{"limit", 1500}, At: Mark{"4 hold", 4},
	}
}

func TestPointsLieWhereTheAxesSay(t *testing.T) {
	c := chart()
	e := drawn(t, c)
	if e.XMLName.Local != "svg" || e.XMLName.Space != "http://www.w3.org/2000/svg" || e.attr("viewBox") == "" {
		t.Errorf("%v %v", e.XMLName, e.Attrs)
	}
	// Two ticks of each axis tell where all else must be.
	scale := func(a, b string, xy string) func(v float64) float64 {
		va, _ := strconv.ParseFloat(a, 64)
		vb, _ := strconv.ParseFloat(b, 64)
		pa, pb := e.words(t, a).number(t, xy), e.words(t, b).number(t, xy)
		return func(v float64) float64 { return pa + (v-va)/(vb-va)*(pb-pa) }
	}
	x, y := scale("2", "6", "x"), scale("500", "2000", "y")
	for i, l := range c.Lines {
		dots := e.all("circle", "f"+strconv.Itoa(i))
		if len(dots) != len(l.Points) {
			t.Fatalf("line %s has %d dots", l.Name, len(dots))
		}
		places := strings.Fields(e.all("polyline", "s"+strconv.Itoa(i))[0].attr("points"))
		for k, p := range l.Points {
			cx, cy := dots[k].number(t, "cx"), dots[k].number(t, "cy")
			if math.Abs(cx-x(p.X)) > 0.2 || math.Abs(cy-(y(p.Y)-4)) > 0.2 {
				t.Errorf("%v of %s lies at %v, %v, want %v, %v", p, l.Name, cx, cy, x(p.X), y(p.Y)-4)
			}
			if places[k] != dots[k].attr("cx")+","+dots[k].attr("cy") {
				t.Errorf("the line goes through %s, its dot is elsewhere", places[k])
			}
			if cx < left || cx > width-right || cy < top || cy > height-bottom {
				t.Errorf("%v lies beside the axes", p)
			}
		}
	}
	limit, at := e.all("line", "limit")[0], e.all("line", "at")[0]
	if math.Abs(limit.number(t, "y1")-(y(1500)-4)) > 0.2 || math.Abs(at.number(t, "x1")-x(4)) > 0.2 {
		t.Error("the marks lie elsewhere")
	}
	for _, words := range []string{"limit", "4 hold", "calls", "p50", "p95", "this machine", "First sound & calls <at once>"} {
		e.words(t, words)
	}
}

func TestNamesDoNotCover(t *testing.T) {
	c := chart()
	c.Lines = []Line{{"a", []Point{{1, 500}}}, {"b", []Point{{1, 501}}}, {"c", []Point{{1, 499}}}}
	e := drawn(t, c)
	var at []float64
	for _, n := range []string{"a", "b", "c"} {
		y := e.words(t, n).number(t, "y")
		for _, o := range at {
			if math.Abs(o-y) < 14 {
				t.Errorf("%s is written over another name", n)
			}
		}
		at = append(at, y)
	}
}

func TestAxes(t *testing.T) {
	for _, c := range []struct {
		most  float64
		n     int
		whole bool
		to    float64
		ticks int
	}{
		{8, 8, true, 8, 9},
		{16, 8, true, 16, 9},
		{1, 8, true, 1, 2},
		{17, 8, true, 20, 5},
		{0, 8, true, 1, 2},
		{1234, 5, false, 1500, 4},
		{0.07, 5, false, 0.08, 5},
		{1e9, 5, false, 1e9, 6},
	} {
		x := newAxis(c.most, 0, 100, c.n, c.whole)
		if math.Abs(x.to-c.to) > 1e-9*c.to || len(x.ticks) != c.ticks || x.to < c.most*(1-1e-9) {
			t.Errorf("an axis for %v ends at %v with %d ticks (%v), want %v with %d", c.most, x.to, len(x.ticks), x.ticks, c.to, c.ticks)
		}
	}
}

func TestWhatCannotBeDrawn(t *testing.T) {
	point := func(x, y float64) *Chart { return &Chart{Lines: []Line{{"l", []Point{{x, y}}}}} }
	limit := chart()
	limit.Limit.Value = math.NaN()
	for name, c := range map[string]*Chart{
		"no lines": {}, "no points": {Lines: make([]Line, 1)}, "four lines": {Lines: make([]Line, 4)}, "NaN": point(1, math.NaN()),
		"infinite": point(1, math.Inf(1)), "negative": point(-1, 1), "too many": {Lines: []Line{{"l", make([]Point, 1001)}}}, "limit": limit,
	} {
		var b bytes.Buffer
		if err := c.Write(&b); err == nil || b.Len() > 0 {
			t.Errorf("%s: error %v, %d bytes drawn", name, err, b.Len())
		}
	}
	for _, c := range []*Chart{point(0, 0), point(1e-9, 1e-9), point(1e11, 1e11)} {
		if s := drawn(t, c).all("circle", "dot")[0].attr("cx"); s == "NaN" || s == "" {
			t.Errorf("a point lies at %q", s)
		}
	}
}

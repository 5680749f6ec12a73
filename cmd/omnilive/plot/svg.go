package plot

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The picture and the room around the lines, in pixels.
const (
	width, height = 760.0, 420.0
	left, right   = 70.0, 90.0
	top, bottom   = 70.0, 56.0
)

// The colours are told apart by most of those who do not see all of them, and stand out on white and on black.
const style = `<style>
svg{fill:#57606a}text{font:13px system-ui,sans-serif}
.title{font-size:16px;font-weight:600;fill:#1f2328}
.grid{stroke:#d0d7de;stroke-width:1}
.mark{stroke:#57606a;stroke-width:1.5;stroke-dasharray:5 4}
.line{fill:none;stroke-width:2.5;stroke-linejoin:round}
.dot{stroke:#fff;stroke-width:1.5}
.s0{stroke:#0969da}.f0{fill:#0969da}.s1{stroke:#bc4c00}.f1{fill:#bc4c00}.s2{stroke:#1a7f37}.f2{fill:#1a7f37}
.back{fill:#fff}
@media (prefers-color-scheme:dark){
svg{fill:#9198a1}.title{fill:#f0f6fc}.grid{stroke:#30363d}.mark{stroke:#9198a1}.dot{stroke:#0d1117}
.s0{stroke:#4493f8}.f0{fill:#4493f8}.s1{stroke:#f0883e}.f1{fill:#f0883e}.s2{stroke:#3fb950}.f2{fill:#3fb950}
.back{fill:#0d1117}
}
</style>
`

// Write draws the chart.
func (c *Chart) Write(w io.Writer) error {
	if err := c.check(); err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %v %v" width="%v" height="%v" role="img" aria-label="%s">`+"\n",
		width, height, width, height, escape(c.Title))
	b.WriteString(style)
	fmt.Fprintf(&b, `<rect class="back" width="%v" height="%v"/>`+"\n", width, height)
	text(&b, left, 28, "start", "title", c.Title)
	text(&b, left, 48, "start", "", c.Note)
	x, y := c.axes()
	c.grid(&b, x, y)
	c.marks(&b, x, y)
	for i, l := range c.Lines {
		l.draw(&b, i, x, y)
	}
	c.names(&b, x, y)
	b.WriteString("</svg>\n")
	_, err := w.Write(b.Bytes())
	return err
}

// grid draws the axes with their ticks.
func (c *Chart) grid(b *bytes.Buffer, x, y axis) {
	for _, v := range y.ticks {
		line(b, "grid", x.a, y.at(v), x.b, y.at(v))
		text(b, x.a-8, y.at(v)+4, "end", "", number(v))
	}
	for _, v := range x.ticks {
		line(b, "grid", x.at(v), y.a, x.at(v), y.a+5)
		text(b, x.at(v), y.a+20, "middle", "", number(v))
	}
	text(b, (x.a+x.b)/2, height-12, "middle", "", c.X)
	fmt.Fprintf(b, `<text text-anchor="middle" transform="translate(18 %s) rotate(-90)">%s</text>`+"\n", pixels((y.a+y.b)/2), escape(c.Y))
}

// marks draws what stands out on either axis.
func (c *Chart) marks(b *bytes.Buffer, x, y axis) {
	if c.Limit.Name != "" {
		line(b, "mark limit", x.a, y.at(c.Limit.Value), x.b, y.at(c.Limit.Value))
		text(b, x.a+6, y.at(c.Limit.Value)-6, "start", "", c.Limit.Name)
	}
	if c.At.Name != "" {
		line(b, "mark at", x.at(c.At.Value), y.a, x.at(c.At.Value), y.b)
		text(b, x.at(c.At.Value), y.b-6, "middle", "", c.At.Name)
	}
}

func (l Line) draw(b *bytes.Buffer, i int, x, y axis) {
	places := make([]string, len(l.Points))
	for k, p := range l.Points {
		places[k] = pixels(x.at(p.X)) + "," + pixels(y.at(p.Y))
	}
	fmt.Fprintf(b, `<polyline class="line s%d" points="%s"/>`+"\n", i, strings.Join(places, " "))
	for _, p := range l.Points {
		fmt.Fprintf(b, `<circle class="dot f%d" cx="%s" cy="%s" r="4.5"><title>%s</title></circle>`+"\n", i, pixels(x.at(p.X)), pixels(y.at(p.Y)),
			escape(fmt.Sprintf("%s: %s at %s", l.Name, number(p.Y), number(p.X))))
	}
}

// names writes each line's name at its end, the upper one above where two would lie upon another.
func (c *Chart) names(b *bytes.Buffer, x, y axis) {
	const apart = 16
	var taken []float64
	for i, l := range c.Lines {
		end := l.Points[len(l.Points)-1]
		at := y.at(end.Y) + 4
		for moved := true; moved; {
			moved = false
			for _, t := range taken {
				if at > t-apart && at < t+apart {
					at, moved = t-apart, true
				}
			}
		}
		taken = append(taken, at)
		fmt.Fprintf(b, `<text class="f%d" x="%s" y="%s">%s</text>`+"\n", i, pixels(x.at(end.X)+10), pixels(at), escape(l.Name))
	}
}

func line(b *bytes.Buffer, class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(b, `<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`+"\n", class, pixels(x1), pixels(y1), pixels(x2), pixels(y2))
}

func text(b *bytes.Buffer, x, y float64, anchor, class, words string) {
	if words == "" {
		return
	}
	if class != "" {
		class = ` class="` + class + `"`
	}
	fmt.Fprintf(b, `<text%s x="%s" y="%s" text-anchor="%s">%s</text>`+"\n", class, pixels(x), pixels(y), anchor, escape(words))
}

func pixels(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}

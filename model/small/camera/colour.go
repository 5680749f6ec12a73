package camera

import (
	"slices"

	"omnilive/model"
)

// Sampling of a picture for plain facts: a grid over the whole of it.
const (
	gridX, gridY = 48, 36
	samples      = 3 // pixels a cell and direction
	coveredLight = 24
	coveredRange = 40  // difference of the lightest and darkest cell, of 255, under which nothing is seen in the dark
	centreShare  = 0.5 // of each side: where the thing is looked for
	sureColour   = 0.5 // share of the centre that must be of one colour
)

// cells is the mean colour of each cell of the grid.
type cells [gridX * gridY][3]float64

func sample(p model.Picture) (c cells) {
	for i := range c {
		x, y := i%gridX, i/gridX
		for s := range samples * samples {
			px := (x*samples + s%samples) * p.Width / (gridX * samples)
			py := (y*samples + s/samples) * p.Height / (gridY * samples)
			at := p.RGB[3*(py*p.Width+px):]
			for k := range 3 {
				c[i][k] += float64(at[k]) / (samples * samples)
			}
		}
	}
	return c
}

func light(c [3]float64) float64 { return 0.299*c[0] + 0.587*c[1] + 0.114*c[2] }

// covered reports a picture with nothing in it but darkness.
func (c *cells) covered() bool {
	low, high, sum := 255.0, 0.0, 0.0
	for _, v := range c {
		l := light(v)
		low, high, sum = min(low, l), max(high, l), sum+l
	}
	return sum/float64(len(c)) < coveredLight && high-low < coveredRange
}

// colourNames in the order of their numbers.
var colourNames = []string{"black", "grey", "white", "brown", "pink", "red", "orange", "yellow", "green", "blue", "purple"}

const black, grey, white, brown, pink, red, orange, yellow, green, blue, purple = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10

// colourOf says which name a colour bears, by hue, saturation and value.
func colourOf(c [3]float64) int {
	top, low := max(c[0], c[1], c[2]), min(c[0], c[1], c[2])
	chroma := top - low
	switch {
	case top < 45:
		return black
	case chroma < 0.2*top || chroma < 18:
		if top > 195 {
			return white
		}
		return grey
	}
	return hueName(hue(c, top, chroma), chroma/top, top)
}

// hue in degrees.
func hue(c [3]float64, top, chroma float64) float64 {
	var h float64
	switch top {
	case c[0]:
		h = (c[1] - c[2]) / chroma
	case c[1]:
		h = (c[2]-c[0])/chroma + 2
	default:
		h = (c[0]-c[1])/chroma + 4
	}
	if h < 0 {
		h += 6
	}
	return 60 * h
}

func hueName(h, saturation, value float64) int {
	switch {
	case (h < 12 || h >= 335) && saturation < 0.5 && value > 180:
		return pink
	case h < 12 || h >= 345:
		return red
	case h < 45 && (value < 150 || saturation < 0.55):
		return brown
	case h < 42:
		return orange
	case h < 68:
		return yellow
	case h < 165:
		return green
	case h < 260:
		return blue
	case h < 300 || value < 150:
		return purple
	}
	return pink
}

// colour names what most of the picture's middle is coloured, and the share of it. Grey, black and white count only
// where there is hardly anything else: they are the background's colours.
func (c *cells) colour() (string, float64) {
	count := make([]int, len(colourNames))
	n := 0
	for y := range gridY {
		for x := range gridX {
			inX := float64(x) >= gridX*(1-centreShare)/2 && float64(x) < gridX*(1+centreShare)/2
			inY := float64(y) >= gridY*(1-centreShare)/2 && float64(y) < gridY*(1+centreShare)/2
			if inX && inY {
				count[colourOf(c[y*gridX+x])]++
				n++
			}
		}
	}
	best := brown
	for i := brown; i < len(count); i++ {
		if count[i] > count[best] {
			best = i
		}
	}
	if share := float64(count[best]) / float64(n); share >= 0.25 {
		return colourNames[best], share
	}
	best = slices.Index(count, slices.Max(count))
	return colourNames[best], float64(count[best]) / float64(n)
}

package vision

import "math"

// rotary makes the tables of one temporal grid, [size, patches] in window order: the first half of the pairs turns with the
// patch's row, the second with its column, each at frequencies theta^(-4j/size) (RoPE, arXiv 2104.09864, in two dimensions).
// Pairs lie size/2 apart, so each table holds its half twice.
func (t Tower) rotary(g Grid, o order) (cos, sin []float32) {
	size := t.Hidden / t.Heads
	quarter := size / 4
	frequency := make([]float32, quarter)
	for j := range frequency {
		frequency[j] = 1 / float32(math.Pow(theta, float64(float32(2*j)/float32(size/2))))
	}
	n := len(o.cells) * t.cell()
	cos, sin = make([]float32, n*size), make([]float32, n*size)
	at, columns := 0, g.W/t.Merge
	for _, cell := range o.cells {
		for i := range t.cell() {
			place := [2]int{int(cell)/columns*t.Merge + i/t.Merge, int(cell)%columns*t.Merge + i%t.Merge}
			for j := range size / 2 {
				angle := float64(float32(place[j/quarter]) * frequency[j%quarter])
				s, c := math.Sincos(angle)
				cos[at+j], sin[at+j] = float32(c), float32(s)
			}
			copy(cos[at+size/2:at+size], cos[at:])
			copy(sin[at+size/2:at+size], sin[at:])
			at += size
		}
	}
	return cos, sin
}

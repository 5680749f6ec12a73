package cosyvoice

import "math"

// A generator is PyTorch's random generator of the processor: the Mersenne Twister MT19937 of Matsumoto and Nishimura
// (1998), and normal values made of it as torch.randn does from 16 values on.
type generator struct {
	state [twisterSize]uint32
	next  int
}

const (
	twisterSize = 624
	twisterGap  = 397
)

// newGenerator is torch.manual_seed for seeds of 32 bits.
func newGenerator(seed uint32) *generator {
	g := &generator{next: twisterSize}
	g.state[0] = seed
	for i := uint32(1); i < twisterSize; i++ {
		p := g.state[i-1]
		g.state[i] = 1812433253*(p^p>>30) + i
	}
	return g
}

// twist makes the next 624 words.
func (g *generator) twist() {
	for i := range g.state {
		y := g.state[i]&0x80000000 | g.state[(i+1)%twisterSize]&0x7fffffff
		g.state[i] = g.state[(i+twisterGap)%twisterSize] ^ y>>1 ^ -(y&1)&0x9908b0df
	}
	g.next = 0
}

// word returns the next 32 bits.
func (g *generator) word() uint32 {
	if g.next == twisterSize {
		g.twist()
	}
	y := g.state[g.next]
	g.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// uniform returns a number of 24 bits from 0 to below 1.
func (g *generator) uniform() float32 { return float32(g.word()&(1<<24-1)) * (1.0 / (1 << 24)) }

// normal fills dst with what torch.randn gives for so many values, which must be at least 16: uniform values first, then
// each 16 of them turned into normal ones, the i-th with the i+8-th; a rest draws its last 16 anew.
func (g *generator) normal(dst []float32) {
	for i := range dst {
		dst[i] = g.uniform()
	}
	at := 0
	for ; at+16 <= len(dst); at += 16 {
		boxMuller(dst[at : at+16])
	}
	if at < len(dst) {
		last := dst[len(dst)-16:]
		for i := range last {
			last[i] = g.uniform()
		}
		boxMuller(last)
	}
}

// boxMuller turns 16 uniform values into normal ones (Box and Muller, 1958).
func boxMuller(v []float32) {
	for i := range 8 {
		radius := math.Sqrt(-2 * math.Log(float64(1-v[i])))
		sin, cos := math.Sincos(2 * math.Pi * float64(v[i+8]))
		v[i], v[i+8] = float32(radius*cos), float32(radius*sin)
	}
}

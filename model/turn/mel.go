package turn

import "math"

// Sizes of the log-mel picture SmartTurn reads: Whisper's front end over a window of 8 s.
const (
	window  = 8 * 16000 // samples
	frames  = 800
	mels    = 80
	hop     = window / frames
	bins    = fftSize/2 + 1
	floor   = 1e-10 // smallest mel energy
	dynamic = 8     // decades kept below the loudest
)

// A logMel turns 8 s of sound into a log-mel picture as Whisper's feature extractor does (Radford et al. 2022; Hann
// window of 400, hop 160, 80 Slaney filters from 0 to 8 kHz, log10, clamped to 8 decades, (x+4)/4), after bringing the
// sound to zero mean and unit variance. It holds tables only and may be shared.
type logMel struct {
	fft    *realFFT
	hann   [fftSize]float32
	filter [mels]triangle
}

// A triangle is one mel filter: weights for the bins from first on.
type triangle struct {
	first  int
	weight []float32
}

func newLogMel() *logMel {
	m := &logMel{fft: newRealFFT()}
	for i := range m.hann {
		m.hann[i] = float32(0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/fftSize))
	}
	var edge [mels + 2]float64
	for i := range edge {
		edge[i] = hertz(mel(8000) * float64(i) / (mels + 1))
	}
	for i := range m.filter {
		m.filter[i] = newTriangle(edge[i], edge[i+1], edge[i+2])
	}
	return m
}

// newTriangle rises from low to centre and falls to high, all in Hz; its area is the same for all (Slaney).
func newTriangle(low, centre, high float64) (t triangle) {
	for k := range bins {
		f := float64(k) * 16000 / fftSize
		w := min((f-low)/(centre-low), (high-f)/(high-centre)) * 2 / (high - low)
		if w <= 0 {
			continue
		}
		if t.weight == nil {
			t.first = k
		}
		t.weight = append(t.weight, float32(w))
	}
	return t
}

// mel and hertz convert on Slaney's scale: linear to 1 kHz, logarithmic above.
func mel(hz float64) float64 {
	if hz < 1000 {
		return hz * 3 / 200
	}
	return 15 + 27*math.Log(hz/1000)/math.Log(6.4)
}

func hertz(mel float64) float64 {
	if mel < 15 {
		return mel * 200 / 3
	}
	return 1000 * math.Exp((mel-15)/27*math.Log(6.4))
}

// A melScratch is what one picture is made in.
type melScratch struct {
	sound  [window + fftSize]float32 // normalised, mirrored at both ends by half a frame
	out    []float32                 // [80, 800]
	fft    scratch
	power  [bins]float32
	column [mels]float32
}

// compute writes the picture [80, 800] of the last 8 s of sound into s.out; shorter sound has silence before it.
// It reports false where the sound is not all numbers.
func (m *logMel) compute(s *melScratch, sound []float32) bool {
	sound = sound[max(0, len(sound)-window):]
	quiet := window - len(sound)
	if !s.load(sound) {
		return false
	}
	still := 0 // frames that lie wholly in the silence before; the first has its mirror image on its left and is alike
	if quiet > fftSize/2 {
		still = (quiet-fftSize/2)/hop + 1
	}
	for f := range frames {
		if f == 0 || f >= still {
			m.frame(s, f*hop)
		}
		for i, e := range s.column {
			s.out[i*frames+f] = e
		}
	}
	s.compress()
	return true
}

// load normalises the sound, with the silence before it counted in, and mirrors its ends.
func (s *melScratch) load(sound []float32) bool {
	var sum, squares float64
	for _, v := range sound {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	if math.IsNaN(squares) || math.IsInf(squares, 0) {
		return false
	}
	mean := sum / window
	scale := 1 / math.Sqrt(max(0, squares/window-mean*mean)+1e-7)
	const half = fftSize / 2
	body := s.sound[half : half+window]
	quiet := body[:window-len(sound)]
	for i := range quiet {
		quiet[i] = float32(-mean * scale)
	}
	for i, v := range sound {
		body[len(quiet)+i] = float32((float64(v) - mean) * scale)
	}
	for i := range half {
		s.sound[i] = body[half-i]
		s.sound[half+window+i] = body[window-2-i]
	}
	return true
}

// frame puts log2 of the mel energies of the frame that begins at sample i of s.sound into s.column.
func (m *logMel) frame(s *melScratch, i int) {
	x := (*[fftSize]float32)(s.sound[i:])
	for k := range s.fft.a {
		s.fft.a[k] = complex(x[2*k]*m.hann[2*k], x[2*k+1]*m.hann[2*k+1])
	}
	m.fft.power(&s.fft, &s.power)
	for k := range m.filter {
		t := &m.filter[k]
		var e float32
		for j, p := range s.power[t.first : t.first+len(t.weight)] {
			e += p * t.weight[j]
		}
		s.column[k] = log2(max(e, floor))
	}
}

// compress turns log2 energies into what the network reads.
func (s *melScratch) compress() {
	top := s.out[0]
	for _, v := range s.out {
		top = max(top, v)
	}
	const decade = math.Ln2 / math.Ln10
	low := top - dynamic/decade
	for i, v := range s.out {
		s.out[i] = (max(v, low)*decade + 4) / 4
	}
}

// log2 of a positive normal number, to 2e-6: the exponent, and a series in (m-1)/(m+1) for the mantissa near 1.
func log2(x float32) float32 {
	b := math.Float32bits(x)
	e := int32(b>>23) - 127
	b = b&0x7fffff | 127<<23
	if b > 0x3fb504f3 { // √2
		b -= 1 << 23
		e++
	}
	v := math.Float32frombits(b)
	t := (v - 1) / (v + 1)
	u := t * t
	return float32(e) + t*(2.8853900818+u*(0.9617966939+u*(0.5770780164+u*0.4121985831)))
}

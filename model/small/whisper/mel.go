package whisper

import "math"

// The front end of the paper (Radford et al. 2022, section 2.2): 80 mel bands of 25 ms windows every 10 ms.
const (
	sampleRate = 16000
	window     = 400
	hop        = 160
	bins       = window/2 + 1
	bands      = 80
	floorPower = 1e-10
)

// A melFilter is one triangle of the filter bank, from bin first on.
type melFilter struct {
	first  int
	weight []float32
}

// A melBank turns sound into log-mel frames. It carries scratch and belongs to one goroutine.
type melBank struct {
	fft    *dft
	shape  [window]float64 // periodic Hann
	filter [bands]melFilter
	frame  [window]float64
	power  [bins]float32
}

func newMelBank() *melBank {
	m := &melBank{fft: newDFT(window), filter: melFilters()}
	for i := range m.shape {
		m.shape[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/window)
	}
	return m
}

// melFilters are Slaney's (Auditory Toolbox, 1998): linear below 1 kHz, logarithmic above, each of the same area.
func melFilters() (out [bands]melFilter) {
	hertz := func(mel float64) float64 {
		if mel < 15 {
			return mel * 200 / 3
		}
		return 1000 * math.Exp(math.Log(6.4)/27*(mel-15))
	}
	const top = 45.245640471924965 // 8 kHz
	edge := func(i int) float64 { return hertz(top * float64(i) / (bands + 1)) }
	for i := range out {
		low, mid, high := edge(i), edge(i+1), edge(i+2)
		for k := range bins {
			f := float64(k) * sampleRate / window
			w := min((f-low)/(mid-low), (high-f)/(high-mid))
			if w <= 0 {
				continue
			}
			if out[i].weight == nil {
				out[i].first = k
			}
			out[i].weight = append(out[i].weight, float32(w*2/(high-low)))
		}
	}
	return out
}

// frames returns how many frames features makes of so many samples.
func frames(samples int) int { return (samples + hop) / hop }

// features returns the log-mel frames of pcm, bands values each, as the reference implementation (faster-whisper
// 1.2.1) makes them: one hop of silence behind the sound, both ends mirrored, log10 cut 8 below the loudest.
func (m *melBank) features(pcm []float32) []float32 {
	n := frames(len(pcm))
	out := make([]float32, n*bands)
	loudest := float32(math.Log10(floorPower))
	for i := range n {
		m.load(pcm, i*hop-window/2)
		m.fft.power(m.frame[:], m.power[:])
		for _, v := range m.log(out[i*bands : (i+1)*bands]) {
			loudest = max(loudest, v)
		}
	}
	for i, v := range out {
		out[i] = (max(v, loudest-8) + 4) / 4
	}
	return out
}

// load brings the window of samples from at on.
func (m *melBank) load(pcm []float32, at int) {
	end := len(pcm) + hop // with the silence behind the sound
	for i := range m.frame {
		k := at + i
		if k < 0 {
			k = -k
		}
		if k >= end {
			k = 2*(end-1) - k
		}
		m.frame[i] = 0
		if k >= 0 && k < len(pcm) {
			m.frame[i] = float64(pcm[k]) * m.shape[i]
		}
	}
}

// log puts log10 of the mel bands of m.power into out, which it returns.
func (m *melBank) log(out []float32) []float32 {
	for j := range m.filter {
		f, sum := &m.filter[j], float32(0)
		for k, w := range f.weight {
			sum += w * m.power[f.first+k]
		}
		out[j] = float32(math.Log10(max(float64(sum), floorPower)))
	}
	return out
}

package whisper

import (
	"bytes"
	"compress/zlib"
	"context"
)

const (
	maxWindow   = 30*sampleRate - 2*hop // samples that fit the encoder with the hop behind them
	quietSearch = 5 * sampleRate        // where long sound may be cut: the end of a window
	quietSpan   = sampleRate / 10
)

// windowEnd returns where the first window of pcm ends: at its end, or in the quietest tenth of a second of the last
// five seconds that fit.
func windowEnd(pcm []float32) int {
	if len(pcm) <= maxWindow {
		return len(pcm)
	}
	best, at := float64(-1), maxWindow
	for from := maxWindow - quietSearch; from+quietSpan <= maxWindow; from += quietSpan / 2 {
		sum := 0.0
		for _, v := range pcm[from : from+quietSpan] {
			sum += float64(v) * float64(v)
		}
		if best < 0 || sum <= best {
			best, at = sum, from+quietSpan/2
		}
	}
	return at
}

// Limits of the reference implementation, beyond which words are invented rather than heard.
const (
	maxNoSpeech    = 0.6
	minLogProb     = -1.0
	maxCompression = 2.4
)

// least is the shortest sound worth hearing: a tenth of a second.
const least = sampleRate / 10

// afterSound is how many frames of silence are encoded together with the sound.
const afterSound = 50

// leastFrames keeps the vowel of learnSilence out of hearing.
const leastFrames = 120

// quietest is the peak below which nobody spoke: -60 dB.
const quietest = 1e-3

// understand hears one window. Where the words of a final are doubtful it hears once more, with all 30 s encoded as one;
// where they stay so, nobody spoke.
func (l *listener) understand(ctx context.Context, pcm []float32, r request, final bool) (result, error) {
	if len(pcm) < least || peak(pcm) < quietest {
		return result{language: r.languages[0], noSpeech: 1}, nil
	}
	mel, err := l.mel.features(pcm)
	if err != nil {
		return result{}, err
	}
	r.limit = tokenLimit(len(pcm))
	if err := l.hear(ctx, mel, max(len(mel)/bands+afterSound, leastFrames)); err != nil {
		return result{}, err
	}
	h, err := l.greedy(ctx, r)
	if err == nil && final && l.doubtful(h) && !nobody(h) {
		if err = l.hear(ctx, mel, maxFrames); err == nil {
			h, err = l.greedy(ctx, request{languages: []string{h.language}, limit: r.limit})
		}
	}
	if err == nil && (nobody(h) || l.circles(h) || final && l.doubtful(h)) {
		h.tokens = nil
	}
	return h, err
}

func peak(pcm []float32) (most float32) {
	for _, v := range pcm {
		most = max(most, v, -v)
	}
	return most
}

// tokenLimit is more than anybody says in so many samples.
func tokenLimit(samples int) int { return 16 + samples*12/sampleRate }

// nobody tells whether the network itself says so.
func nobody(r result) bool { return r.noSpeech > maxNoSpeech && r.logProb < minLogProb }

// doubtful tells whether the words go round in circles or are improbable.
func (l *listener) doubtful(r result) bool { return l.circles(r) || r.logProb < minLogProb }

// circles tells whether the words repeat themselves, as invented ones do.
func (l *listener) circles(r result) bool {
	return r.cut || compression(l.vocab.text(r.tokens)) > maxCompression
}

// compression is how many times shorter text gets.
func compression(text string) float64 {
	if text == "" {
		return 0
	}
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write([]byte(text)) // into memory: cannot fail
	z.Close()
	return float64(len(text)) / float64(b.Len())
}

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

// understand hears one window. Where its words are doubtful it hears once more, in the whole window of 30 s that the
// network was trained on; where they stay so, nobody spoke.
func (l *listener) understand(ctx context.Context, pcm []float32, languages []string, draft []int32) (result, error) {
	silence := result{language: languages[0], noSpeech: 1}
	if len(pcm) < least {
		return silence, nil
	}
	mel := l.mel.features(pcm)
	n := len(mel) / bands
	req := request{languages: languages, draft: draft, limit: tokenLimit(len(pcm))}
	for _, size := range []int{max(minWindow, n+afterSound), maxFrames} {
		if err := l.hear(ctx, mel, size); err != nil {
			return silence, err
		}
		r, err := l.greedy(ctx, req)
		if err != nil {
			return r, err
		}
		if r.noSpeech > maxNoSpeech && r.logProb < minLogProb {
			r.tokens = nil
			return r, nil
		}
		if !l.doubtful(r) {
			return r, nil
		}
		req.draft, silence.language, silence.noSpeech = nil, r.language, r.noSpeech
	}
	return silence, nil
}

// tokenLimit is more than anybody says in so many samples.
func tokenLimit(samples int) int { return 16 + samples*12/sampleRate }

// doubtful tells whether the words go round in circles, as invented ones do, or are improbable.
func (l *listener) doubtful(r result) bool {
	return r.cut || r.logProb < minLogProb || compression(l.vocab.text(r.tokens)) > maxCompression
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

const (
	minWindow  = 800 // frames
	afterSound = 100 // frames
)

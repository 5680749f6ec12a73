// Package espeak speaks other languages than English through the program espeak-ng, where it is installed. The program
// is started for every text and never linked: it is under the GPL.
//
// # Concurrency
//
// A Speaker may be used by many goroutines at once; at most four programs run at the same moment, the others wait.
package espeak

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"omnilive/model/small/hibari/g2p"
)

const (
	// Rate is the sample rate of what Synthesize returns.
	Rate = 24000
	// MaxText is the longest text that Synthesize takes, in bytes.
	MaxText = 8192

	parallel    = 4
	longest     = 10 * 60                // seconds of sound; more is an error
	wordsMinute = 165                    // at speed 1
	askLimit    = 5 * time.Second        // for the list of voices
	killDelay   = 500 * time.Millisecond // from the end of the context to giving up on the program's output
)

// A Speaker runs espeak-ng.
type Speaker struct {
	program string
	voices  map[string]string // by language
	running chan struct{}     // holds one element per program running
}

// Find looks for the program and asks it for its voices. It reports false where there is none that answers.
func Find() (*Speaker, bool) {
	program, err := exec.LookPath("espeak-ng")
	if err != nil {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	list, err := exec.CommandContext(ctx, program, "--voices").Output()
	if err != nil {
		return nil, false
	}
	s := &Speaker{program: program, voices: parseVoices(string(list)), running: make(chan struct{}, parallel)}
	return s, len(s.voices) > 0
}

// parseVoices reads the table that --voices prints: priority, language, gender, name, file, and in brackets the other
// languages the voice is good for. The first voice for a language wins, those made for it before the others; "pt-br"
// also stands for "pt" where nothing else does.
func parseVoices(table string) map[string]string {
	voices := make(map[string]string)
	add := func(language, voice string) {
		if _, taken := voices[language]; !taken && language != "" && voice[0] != '-' {
			voices[language] = voice
		}
	}
	var rows [][]string
	for row := range strings.Lines(table) {
		if f := strings.Fields(row); len(f) >= 5 && f[0] != "Pty" {
			rows = append(rows, f)
		}
	}
	for _, f := range rows {
		add(strings.ToLower(f[1]), f[1])
	}
	for _, f := range rows {
		for _, other := range f[5:] {
			for _, o := range strings.Split(other, "(") {
				if o != "" && unicode.IsLetter(rune(o[0])) {
					add(strings.ToLower(o), f[1])
				}
			}
		}
	}
	for _, f := range rows {
		language, _, _ := strings.Cut(strings.ToLower(f[1]), "-")
		add(language, f[1])
	}
	return voices
}

// Languages are the ISO 639-1 codes the program has voices for, in alphabetical order.
func (s *Speaker) Languages() []string {
	var codes []string
	for language := range s.voices {
		if len(language) == 2 {
			codes = append(codes, language)
		}
	}
	slices.Sort(codes)
	return codes
}

// Speaks says whether there is a voice for lang, an ISO 639-1 code or a longer tag ("pt-br").
func (s *Speaker) Speaks(lang string) bool { return s.voice(lang) != "" }

func (s *Speaker) voice(lang string) string {
	lang = strings.ToLower(lang)
	if v, ok := s.voices[lang]; ok {
		return v
	}
	lang, _, _ = strings.Cut(lang, "-")
	return s.voices[lang]
}

// Synthesize speaks text in lang and returns mono sound at Rate; nothing for text that says nothing. A language without
// a voice, text longer than MaxText and the end of ctx, which kills the program, are errors.
func (s *Speaker) Synthesize(ctx context.Context, text, lang string) ([]float32, error) {
	return s.SynthesizeAt(ctx, text, lang, 1)
}

// SynthesizeAt is Synthesize at a speed of 0.25 (slow) to 1.5 (fast).
func (s *Speaker) SynthesizeAt(ctx context.Context, text, lang string, speed float64) ([]float32, error) {
	voice := s.voice(lang)
	switch {
	case voice == "":
		return nil, fmt.Errorf("espeak: no voice for language %q", lang)
	case len(text) > MaxText:
		return nil, fmt.Errorf("espeak: text of %d bytes, at most %d can be spoken at once", len(text), MaxText)
	case !(speed >= 0.25 && speed <= 1.5):
		return nil, fmt.Errorf("espeak: speed %g is out of range: 0.25 to 1.5", speed)
	}
	if text = speakable(text); text == "" {
		return nil, nil
	}
	select {
	case s.running <- struct{}{}:
		defer func() { <-s.running }()
	case <-ctx.Done():
		return nil, fmt.Errorf("espeak: %w", context.Cause(ctx))
	}
	wav, err := s.run(ctx, text, voice, speed)
	if err != nil {
		return nil, fmt.Errorf("espeak: %w", err)
	}
	pcm, rate, err := parseWAV(wav)
	if err != nil {
		return nil, fmt.Errorf("espeak: %w", err)
	}
	return trim(resample(pcm, rate)), nil
}

// run starts the program on text and returns the WAV file it writes.
func (s *Speaker) run(ctx context.Context, text, voice string, speed float64) ([]byte, error) {
	// At half speed and below the program would drop to its slowest anyway, 80 words a minute.
	words := strconv.Itoa(max(int(wordsMinute*speed), 80))
	cmd := exec.CommandContext(ctx, s.program, "--stdin", "--stdout", "-b", "1", "-v", voice, "-s", words)
	cmd.WaitDelay = killDelay
	cmd.Stdin = strings.NewReader(text)
	out, complaint := &bounded{limit: longest * 48000 * 2}, &bounded{limit: 1 << 12}
	cmd.Stdout, cmd.Stderr = out, complaint
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("run %s: %w: %s", s.program, err, strings.TrimSpace(string(complaint.data)))
	}
	return out.data, nil
}

// speakable drops what nobody says, and keeps the program from reading [[…]] as phonemes.
func speakable(text string) string {
	text = strings.ReplaceAll(g2p.Plain(text), "[[", "[ [")
	if !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
		return ""
	}
	return text
}

var errTooLong = errors.New("the program writes more than is plausible")

// bounded refuses what goes beyond limit bytes, which ends the program.
type bounded struct {
	data  []byte
	limit int
}

func (b *bounded) Write(p []byte) (int, error) {
	if len(b.data)+len(p) > b.limit {
		return 0, errTooLong
	}
	b.data = append(b.data, p...)
	return len(p), nil
}

package small

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"

	"omnilive/model"
	"omnilive/model/llama"
	"omnilive/model/small/hibari"
)

// speak puts a clause's sound into p; where its language cannot be spoken p stays text, and says which language it is.
func (m *Model) speak(ctx context.Context, p *model.Piece, o model.ReplyOptions) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	switch lang := language(p.Text); {
	case lang == "en":
		s, err := m.voice.Synthesize(ctx, spoken(p.Text), hibari.SpeakOptions{Speed: o.Speed})
		if err != nil {
			return err
		}
		p.PCM = s.PCM
		if read := spoken(p.Text); read != p.Text {
			p.PCM = closeUp(p.PCM)
		}
		for _, k := range s.Marks {
			p.Marks = append(p.Marks, model.Mark{Samples: min(k.Samples, len(p.PCM)), TextEnd: min(k.TextEnd, len(p.Text))})
		}
		if n := len(p.Marks); n > 0 {
			p.Marks[n-1] = model.Mark{Samples: len(p.PCM), TextEnd: len(p.Text)}
		}
	case m.speaker != nil && m.speaker.Speaks(lang):
		from := time.Now()
		pcm, err := m.speaker.Synthesize(ctx, p.Text, lang)
		m.work.since(from)
		if err != nil {
			return err
		}
		p.PCM = pcm
		p.Marks = shareOut(p.Text, len(pcm))
	default:
		p.Language = lang
	}
	return nil
}

// spoken is a clause as the synthesizer should read it: one that does not end its sentence must not sound as if it did.
func spoken(text string) string {
	t := strings.TrimRightFunc(text, unicode.IsSpace)
	if t == "" || strings.ContainsRune(".!?,;:…—\"'", []rune(t)[len([]rune(t))-1]) {
		return text
	}
	return t + ","
}

// closeUp leaves 30 ms behind the last sound of a clause that goes on: the pause of a comma would be heard as hesitation.
func closeUp(pcm []float32) []float32 {
	end := len(pcm)
	for end > 0 && pcm[end-1] < 0.01 && pcm[end-1] > -0.01 {
		end--
	}
	return pcm[:min(end+model.OutputRate*3/100, len(pcm))]
}

// language guesses a clause's language by its letters.
func language(text string) string {
	hangul, kana, han, latin := 0, 0, 0, 0
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Hangul, r):
			hangul++
		case unicode.Is(unicode.Hiragana, r), unicode.Is(unicode.Katakana, r):
			kana++
		case unicode.Is(unicode.Han, r):
			han++
		case unicode.IsLetter(r):
			latin++
		}
	}
	switch {
	case hangul > 0 && 2*hangul >= latin/2:
		return "ko"
	case kana > 0:
		return "ja"
	case han > latin/2 && han > 0:
		return "zh"
	}
	return "en"
}

// shareOut gives each word a share of the sound by its length.
func shareOut(text string, samples int) []model.Mark {
	var marks []model.Mark
	for i := range text {
		if i > 0 && text[i] == ' ' {
			marks = append(marks, model.Mark{Samples: samples * i / len(text), TextEnd: i})
		}
	}
	return append(marks, model.Mark{Samples: samples, TextEnd: len(text)})
}

// sampling is greedy with a light penalty on repetition: what the default's answers were judged by.
func (m *Model) sampling(limit int) llama.Sampling {
	return llama.Sampling{RepeatPenalty: 1.05, RepeatLast: 64, MaxTokens: limit}
}

// Warm runs every part once, and then answers once more to find the cost of it.
func (m *Model) Warm(ctx context.Context) error {
	c, err := m.NewConversation(ctx, model.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	noise := make([]float32, 2*model.InputRate)
	for i := range noise {
		noise[i] = float32(i*7919%1000)/50000 - 0.01
	}
	_, hearErr := c.Hear(ctx, noise, model.HearOptions{Final: true})
	errs := []error{hearErr}
	if m.describer != nil {
		_, err := c.See(ctx, model.Picture{Width: 64, Height: 64, RGB: make([]byte, 3*64*64)}, model.SeeOptions{})
		errs = append(errs, err)
	}
	for _, err := range c.Reply(ctx, &model.Input{Text: "Hello!"}, model.ReplyOptions{MaxTokens: 12}) {
		if !errors.Is(err, model.ErrMaxTokens) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return m.trial(ctx, c) // now that all is warm
}

// Say speaks text on its own: mono at OutputRate.
func (m *Model) Say(ctx context.Context, text string) ([]float32, error) {
	p := model.Piece{Text: text}
	err := m.speak(ctx, &p, model.ReplyOptions{})
	return p.PCM, err
}

package whisper

import (
	"fmt"
	"strings"

	"omnilive/model/gguf"
)

// A vocabulary turns token ids into text and back. Its words are bytes written as visible characters, after GPT-2.
type vocabulary struct {
	words     []string // the bytes of each id
	ids       map[string]int32
	rank      map[[2]string]int // merges, the first come first
	languages map[string]int32
	special
}

// special are the ids with a meaning. Ids from end on are no text, those from zero on are times.
type special struct {
	end, start, transcribe, previous, noSpeech, noTimes, zero int32
}

func readVocabulary(f *gguf.File) (*vocabulary, error) {
	words, err := f.Strings("tokenizer.ggml.tokens")
	if err != nil {
		return nil, err
	}
	merges, err := f.Strings("tokenizer.ggml.merges")
	if err == nil && len(words) == 0 {
		err = fmt.Errorf("the vocabulary is empty")
	}
	if err != nil {
		return nil, err
	}
	v := &vocabulary{
		words: make([]string, len(words)), ids: make(map[string]int32, len(words)),
		rank: make(map[[2]string]int, len(merges)), languages: map[string]int32{},
	}
	for i, w := range words {
		v.words[i] = fromVisible(w)
		v.ids[v.words[i]] = int32(i)
	}
	for i, m := range merges {
		a, b, ok := strings.Cut(m, " ")
		if !ok {
			return nil, fmt.Errorf("merge %d is %q", i, m)
		}
		v.rank[[2]string{fromVisible(a), fromVisible(b)}] = i
	}
	if first := v.words[min(256, len(v.words)-1)]; len(first) == 2 {
		v.rank[[2]string{first[:1], first[1:]}] = -1 // the first merge of all, which some tokenizer.json have lost
	}
	return v, v.findSpecial()
}

func (v *vocabulary) findSpecial() error {
	var missing []string
	find := func(name string) int32 {
		id, ok := v.ids["<|"+name+"|>"]
		if !ok {
			missing = append(missing, name)
		}
		return id
	}
	v.special = special{
		end: find("endoftext"), start: find("startoftranscript"), transcribe: find("transcribe"), previous: find("startofprev"),
		noSpeech: find("nocaptions"), noTimes: find("notimestamps"), zero: find("0.00"),
	}
	if len(missing) > 0 {
		return fmt.Errorf("vocabulary lacks %s", strings.Join(missing, ", "))
	}
	if int(v.zero)+maxStates >= len(v.words) {
		return fmt.Errorf("vocabulary of %d ends before the last time", len(v.words))
	}
	for id := v.start + 1; id < v.transcribe; id++ { // languages, then "translate"
		if name := strings.Trim(v.words[id], "<|>"); len(name) <= 3 {
			v.languages[name] = id
		}
	}
	return nil
}

// text joins the bytes of ids, leaving out what is no text. The end may lie inside a character.
func (v *vocabulary) text(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		if id >= 0 && id < v.end {
			b.WriteString(v.words[id])
		}
	}
	return b.String()
}

// fromVisible returns the bytes that GPT-2's visible characters stand for; a character that stands for none is kept.
func fromVisible(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		switch {
		case r >= 33 && r <= 126, r >= 161 && r <= 172, r >= 174 && r <= 255:
			b = append(b, byte(r))
		case r >= 256 && r < 256+33: // 0 to 32
			b = append(b, byte(r-256))
		case r >= 289 && r < 289+34: // 127 to 160
			b = append(b, byte(r-289+127))
		case r == 323:
			b = append(b, 173)
		default:
			b = append(b, string(r)...)
		}
	}
	return string(b)
}

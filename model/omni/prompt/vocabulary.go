package prompt

import (
	"errors"
	"fmt"
	"slices"

	"omnilive/model/tokenizer"
)

// Range is a run of ids.
type Range struct{ First, Count int32 }

// Has reports whether id lies in the range.
func (r Range) Has(id int32) bool { return id >= r.First && id-r.First < r.Count }

// Marks are the control tokens that shape an answer.
type Marks struct {
	TurnStart, TurnEnd, AudioStart, AudioEnd, ImageStart, ImageEnd, RowEnd, PictureEnd int32
}

// A Vocabulary knows which ids are what: it is the tokenizer, the config's ids, and a check that the two agree.
type Vocabulary struct {
	Tokenizer *tokenizer.Tokenizer
	Size      int32   // rows of the model's table of embeddings
	Side      int     // rows of a picture, and codes in each
	Units     Range   // units of speech that have a sound
	Mute      Range   // units of speech behind them that have none: <|audio6561|>
	Codes     Range   // codes of pictures
	Ratios    []Ratio // in the order of their ids
	Stops     []int32 // ids that end an answer
	Marks     Marks
	BOS       int32 // or -1

	pads     [len(pads)]int32
	plain    [][2]int32 // ids that text is made of, with Stops
	unending [][2]int32 // without Stops
	faulted  []error    // while it is made
}

// NewVocabulary puts config and tokenizer together. Its error lists all that is missing or contradicts.
func NewVocabulary(c Config, t *tokenizer.Tokenizer) (*Vocabulary, error) {
	v := &Vocabulary{Tokenizer: t, Size: c.Text.Vocabulary, Side: c.side(), BOS: -1}
	if v.Size == 0 {
		v.Size = int32(t.Size())
	}
	if int(v.Size) < t.Size() {
		v.fault("config.json has vocab_size %d, the tokenizer %d tokens", v.Size, t.Size())
	}
	for s := ImageCodes; s <= SoundRows; s++ {
		v.pads[s] = v.agreed(pads[s].token, pads[s].key, c.pad(s))
	}
	v.units("audio", 4, "discrete_audio_unit_0_id", c.AudioUnit0, &v.Units)
	v.units("vision", 5, "discrete_image_unit_0_id", c.ImageUnit0, &v.Codes)
	v.silence()
	for name, to := range map[string]*int32{
		"<|im_start|>": &v.Marks.TurnStart, "<|im_end|>": &v.Marks.TurnEnd,
		"<|discrete_audio_start|>": &v.Marks.AudioStart, "<|discrete_audio_end|>": &v.Marks.AudioEnd,
		"<|discrete_image_start|>": &v.Marks.ImageStart, "<|discrete_image_end|>": &v.Marks.ImageEnd,
		"<|vision_eol|>": &v.Marks.RowEnd, "<|vision_eof|>": &v.Marks.PictureEnd,
	} {
		*to = v.need(name)
	}
	v.ratios()
	v.ends(&c)
	if len(v.faulted) > 0 {
		return nil, fmt.Errorf("vocabulary: %w", errors.Join(v.faulted...))
	}
	v.plain = v.words()
	v.unending = v.withoutStops(v.plain)
	return v, nil
}

func (v *Vocabulary) fault(format string, args ...any) {
	v.faulted = append(v.faulted, fmt.Errorf(format, args...))
}

// need is the id of a token that must be there.
func (v *Vocabulary) need(name string) int32 {
	id, ok := v.Tokenizer.ID(name)
	if !ok || !v.Tokenizer.IsAdded(id) {
		v.fault("tokenizer.json has no added token %s", name)
		return -1
	}
	return id
}

// agreed is the id of a token that config.json names too.
func (v *Vocabulary) agreed(name, key string, stated *int32) int32 {
	id := v.need(name)
	if stated != nil && id >= 0 && *stated != id {
		v.fault("config.json has %s %d, tokenizer.json has %s as %d", key, *stated, name, id)
	}
	return id
}

// units finds the run of numbered tokens that begins at a config's id.
func (v *Vocabulary) units(word string, digits int, key string, stated *int32, to *Range) {
	name := func(i int32) string { return fmt.Sprintf("<|%s%0*d|>", word, digits, i) }
	first := v.agreed(name(0), key, stated)
	if first < 0 {
		return
	}
	*to = Range{First: first}
	for id := first; int(id) < v.Tokenizer.Size() && v.Tokenizer.Bytes(id) == name(to.Count); id++ {
		to.Count++
	}
}

// silence splits off the one unit behind the last code, which has no sound. There are as many codes as a quantiser of
// three levels gives, a power of three; a vocabulary of any other size is all codes.
func (v *Vocabulary) silence() {
	codes := int32(1)
	for codes < v.Units.Count-1 {
		codes *= 3
	}
	if codes > 1 && codes == v.Units.Count-1 {
		v.Units.Count = codes
		v.Mute = Range{v.Units.First + codes, 1}
	}
}

func (v *Vocabulary) ratios() {
	for _, id := range v.Tokenizer.Added("<|vision_ratio_") {
		var r Ratio
		if n, err := fmt.Sscanf(v.Tokenizer.Bytes(id), "<|vision_ratio_%d:%d|>", &r.Width, &r.Height); n == 2 && err == nil && r.Width > 0 && r.Height > 0 {
			r.ID = id
			v.Ratios = append(v.Ratios, r)
		}
	}
	if len(v.Ratios) == 0 {
		v.fault("tokenizer.json has no token <|vision_ratio_W:H|>")
	}
}

func (v *Vocabulary) ends(c *Config) {
	v.Stops = []int32{v.Marks.TurnEnd}
	for _, id := range []*int32{c.EOS, c.Text.EOS} {
		if id == nil || slices.Contains(v.Stops, *id) {
			continue
		}
		if *id < 0 || *id >= v.Size {
			v.fault("config.json has eos_token_id %d of %d", *id, v.Size)
			continue
		}
		v.Stops = append(v.Stops, *id)
	}
	if id, ok := v.Tokenizer.ID("<|endofturn|>"); ok && v.Tokenizer.IsAdded(id) {
		v.Stops = append(v.Stops, id)
	}
	if b := c.Text.BOS; b != nil && *b >= 0 && *b < v.Size {
		v.BOS = *b
	}
}

// inputs are markers that only prompts hold.
var inputs = []string{
	"<|image_start|>", "<|image_end|>", "<|video_start|>", "<|video_end|>", "<|audio_start|>", "<|audio_end|>", "<|mime_start|>",
	"<|mime_end|>", "<|video_aux_start|>", "<|video_aux_end|>", "<|audio_aux_start|>", "<|audio_aux_end|>",
}

// words lists the ids that free text may hold: not the first id of a text, no PAD, no unit, code or mark of a picture or of speech, no
// marker of input, none without a token.
func (v *Vocabulary) words() [][2]int32 {
	m := v.Marks
	barred := append([]int32{v.BOS, m.TurnStart, m.AudioStart, m.AudioEnd, m.ImageStart, m.ImageEnd, m.RowEnd, m.PictureEnd}, v.pads[1:]...)
	for _, r := range v.Ratios {
		barred = append(barred, r.ID)
	}
	for _, name := range inputs {
		if id, ok := v.Tokenizer.ID(name); ok {
			barred = append(barred, id)
		}
	}
	barred = slices.DeleteFunc(barred, func(id int32) bool { return slices.Contains(v.Stops, id) })
	slices.Sort(barred)
	var out [][2]int32
	for id := range min(v.Size, int32(v.Tokenizer.Size())) {
		if v.Units.Has(id) || v.Mute.Has(id) || v.Codes.Has(id) || v.Tokenizer.Bytes(id) == "" {
			continue
		}
		if _, found := slices.BinarySearch(barred, id); found {
			continue
		}
		if n := len(out); n > 0 && out[n-1][1] == id-1 {
			out[n-1][1] = id
			continue
		}
		out = append(out, [2]int32{id, id})
	}
	return out
}

// Pad is the id that stands for a row of features of a place, where the prompt is written as ids alone.
func (v *Vocabulary) Pad(s Slot) int32 {
	if s == None || int(s) >= len(v.pads) {
		return -1
	}
	return v.pads[s]
}

// Text turns words of the program's own into ids, control tokens among them.
func (v *Vocabulary) Text(words string) ([]int32, error) { return v.Tokenizer.Encode(words, true) }

// Words are the ranges of ids that an answer's words are made of, its stops among them.
func (v *Vocabulary) Words() [][2]int32 { return slices.Clone(v.plain) }

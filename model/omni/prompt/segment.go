package prompt

import "strings"

// Slot says what belongs in a place of a prompt.
type Slot uint8

// The places. Codes become ids; Rows are filled with features.
const (
	None Slot = iota
	ImageCodes
	ImageRows
	AudioCodes
	AudioRows
	VideoRows
	SoundRows // of a video's soundtrack
)

// pads are the tokens that the template writes for each place, and their keys in config.json.
var pads = [...]struct{ token, key string }{
	ImageCodes: {"<|DISCRETE_IMAGE_PAD|>", "discrete_image_token_id"},
	ImageRows:  {"<|IMAGE_PAD|>", "image_token_id"},
	AudioCodes: {"<|DISCRETE_AUDIO_PAD|>", "discrete_audio_token_id"},
	AudioRows:  {"<|AUDIO_PAD|>", "audio_token_id"},
	VideoRows:  {"<|VIDEO_PAD|>", "video_token_id"},
	SoundRows:  {"<|VIDEO_AUDIO_PAD|>", "video_audio_token_id"},
}

// A Segment is a stretch of a rendered conversation: text, or a place for one item of media.
type Segment struct {
	Text    string
	Special bool // the template's own text, or trusted: names of control tokens in it are these tokens

	Slot  Slot // None for text
	Item  int  // which item of its kind in this conversation, from 0
	Media Media
}

// Join is the text of the segments as the template writes it, one PAD for each place.
func Join(segments []Segment) string {
	var b strings.Builder
	for _, s := range segments {
		if s.Slot != None {
			b.WriteString(pads[s.Slot].token)
			continue
		}
		b.WriteString(s.Text)
	}
	return b.String()
}

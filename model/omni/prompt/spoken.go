package prompt

import "omnilive/model/tokenizer"

// The words around what is said aloud (omni-8b.md §7.5).
const (
	closeTranscript = "</assistant_transcript>\n<audio_decoder_call>\n<speaker_info>"
	openUnits       = "</speaker_info>\n<discrete_audio>\n<|discrete_audio_start|>"
	closeUnits      = "<|discrete_audio_end|></discrete_audio>\n</audio_decoder_call><|im_end|>\n"

	openDrawing  = "<tool_call>" + DrawTool + "\n<arg_key>" + DrawArgument + "</arg_key>\n<arg_value><|discrete_image_start|>"
	closeDrawing = "<|vision_eof|><|discrete_image_end|></arg_value>\n</tool_call><|im_end|>"
)

// DrawTool and DrawArgument name the tool call that carries a picture.
const (
	DrawTool     = "t2i_model_generation"
	DrawArgument = "discrete_image_token"
)

// A Spoken answer is a turn of speech as the window holds it.
type Spoken struct {
	User        string  // what the user said, "" without speech input
	Transcript  string  // what the answer says
	Ids         []int32 // in its place: ids that the model made
	SpeakerInfo string  // JSON, "{}" for the default voice
	Units       []int32
}

// OpenTranscript begins a spoken answer, up to the words of the answer.
func (v *Vocabulary) OpenTranscript(user string) ([]int32, error) {
	return v.Tokenizer.EncodeParts(opening(user)...)
}

func opening(user string) (parts []tokenizer.Part) {
	if user != "" {
		parts = []tokenizer.Part{{Text: "<user_transcript>", Special: true}, {Text: user}, {Text: "</user_transcript>\n", Special: true}}
	}
	return append(parts, tokenizer.Part{Text: "<assistant_transcript>", Special: true})
}

// CloseTranscript goes on from the words of an answer to its units.
func (v *Vocabulary) CloseTranscript(speakerInfo string) ([]int32, error) {
	return v.Tokenizer.EncodeParts(closing(speakerInfo)...)
}

func closing(speakerInfo string) []tokenizer.Part {
	return []tokenizer.Part{{Text: closeTranscript, Special: true}, {Text: speakerInfo}, {Text: openUnits, Special: true}}
}

// Speak is the beginning of a spoken answer whose words are given, up to its first unit, tokenised as one text.
func (v *Vocabulary) Speak(user, transcript, speakerInfo string) ([]int32, error) {
	parts := append(opening(user), tokenizer.Part{Text: transcript})
	return v.Tokenizer.EncodeParts(append(parts, closing(speakerInfo)...)...)
}

// Interrupted ends an answer behind the last unit that was heard (omni-8b.md §7.8).
func (v *Vocabulary) Interrupted() ([]int32, error) { return v.Text(closeUnits) }

// Heard is a spoken answer cut to what was heard, closed: the ids that the window holds in place of the whole answer. s.Ids are
// the ids of the words that were heard, where the model made them; else s.Transcript is tokenised.
func (v *Vocabulary) Heard(s Spoken) ([]int32, error) {
	var ids []int32
	for _, part := range []func() ([]int32, error){
		func() ([]int32, error) { return v.OpenTranscript(s.User) },
		func() ([]int32, error) {
			if s.Ids != nil {
				return s.Ids, nil
			}
			return v.Tokenizer.Encode(s.Transcript, false)
		},
		func() ([]int32, error) { return v.CloseTranscript(s.SpeakerInfo) },
		func() ([]int32, error) { return v.Speech(s.Units) },
		v.Interrupted,
	} {
		more, err := part()
		if err != nil {
			return nil, err
		}
		ids = append(ids, more...)
	}
	return ids, nil
}

// Draw is the beginning of an answer that is a picture of that ratio, up to its first code; the zero one is left to the
// model.
func (v *Vocabulary) Draw(r Ratio) ([]int32, error) {
	if r == (Ratio{}) {
		return v.Text(openDrawing)
	}
	return v.Text(openDrawing + "<|vision_ratio_" + r.String() + "|>")
}

// Drawn is the end of an answer that is a picture, behind its last row.
func (v *Vocabulary) Drawn() ([]int32, error) { return v.Text(closeDrawing) }

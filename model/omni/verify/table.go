package verify

import "context"

// checks says which function checks which folder.
var checks = map[string]func(context.Context, *Run) error{
	"image_decoder":          imageDecoder,
	"image_decoder_patchify": imageDecoder,
	// one line a folder
	"discrete_audio_model":  speechTokenizer,
	"discrete_vision_model": imageTokenizer,
}

package verify

import "context"

// checks says which function checks which folder.
var checks = map[string]func(context.Context, *Run) error{
	"image_decoder":          imageDecoder,
	"image_decoder_patchify": imageDecoder,
	"preprocessing":          preprocessing,
	"vision_model":           visionModel,
	// one line a folder
	"video_audio_compressor": compressorCases,
	"omni-tiny":              wholePrompt,
	"omni-whole":             wholeChain,
	"unit_bigvgan_nc":        bigVGAN,
	"unit_bigvgan_mar":       bigVGANArchives,
	"unit_bigvgan_zs":        bigVGANClone,
	"ecapa_tdnn":             ecapaTDNN,
	"audio_frontend":         audioFrontend,
	"audio_model":            audioModel,
	"cosyvoice2_flow":        cosyVoiceFlow,
	"cosyvoice2_hift":        cosyVoiceHiFT,
	"cosyvoice2_stream":      cosyVoiceStream,
	"language_model":         languageModel,
	"discrete_audio_model":   speechTokenizer,
	"discrete_vision_model":  imageTokenizer,
	"tokenizer":              tokenizers,
	"chat_template":          chatTemplate,
}

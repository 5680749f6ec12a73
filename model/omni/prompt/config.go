package prompt

// Config is what config.json says about token ids. Absent keys are looked up in the tokenizer.
type Config struct {
	AudioUnit0    *int32 `json:"discrete_audio_unit_0_id"`
	ImageUnit0    *int32 `json:"discrete_image_unit_0_id"`
	Image         *int32 `json:"image_token_id"`
	Video         *int32 `json:"video_token_id"`
	Audio         *int32 `json:"audio_token_id"`
	VideoAudio    *int32 `json:"video_audio_token_id"`
	DiscreteImage *int32 `json:"discrete_image_token_id"`
	DiscreteAudio *int32 `json:"discrete_audio_token_id"`
	EOS           *int32 `json:"eos_token_id"`

	Text struct {
		Vocabulary int32  `json:"vocab_size"`
		BOS        *int32 `json:"bos_token_id"`
		EOS        *int32 `json:"eos_token_id"`
	} `json:"text_config"`
	DiscreteVision struct {
		Encoder struct {
			Image int `json:"image_size"`
			Patch int `json:"patch_size"`
		} `json:"encoder"`
	} `json:"discrete_vision_config"`
}

// pad is the id that the config gives the PAD of a place, or nil.
func (c *Config) pad(s Slot) *int32 {
	return [...]*int32{
		ImageCodes: c.DiscreteImage, ImageRows: c.Image, AudioCodes: c.DiscreteAudio,
		AudioRows: c.Audio, VideoRows: c.Video, SoundRows: c.VideoAudio,
	}[s]
}

// Side is how many codes a row of a picture has, and how many rows a picture.
func (c *Config) Side() int { return c.side() }

// side is how many codes a row of a picture has, and how many rows: 27 where the config does not say.
func (c *Config) side() int {
	e := c.DiscreteVision.Encoder
	if e.Image > 0 && e.Patch > 0 && e.Image/e.Patch > 0 && e.Image/e.Patch <= maxSide {
		return e.Image / e.Patch
	}
	return 27
}

// maxSide bounds the rows of a picture.
const maxSide = 256

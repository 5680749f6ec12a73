// Package speechtokenizer turns sound into the discrete speech units of HyperCLOVAX-SEED-Omni: the checkpoint's
// discrete_audio_model, the supervised semantic speech tokenizer S3 v2 of CosyVoice 2 (Du et al. 2024, arXiv 2412.10117), 25
// units a second.
//
// The log-mel spectrogram of the whole clip goes through two convolutions that halve its rate twice and through transformer
// blocks with rotary positions and a memory of its own (FSMN: Zhang et al. 2018): a convolution of each channel of the values
// over 31 places. Eight numbers are left of each place and rounded to three levels (finite scalar quantisation, Mentzer et
// al. 2023); they are the digits of the unit, to the base 3.
//
//	t := speechtokenizer.Declare(p.At("model.discrete_audio_model."), config, backend)
//	// p.Load
//	units, err := t.Encode(ctx, pcm) // 16 kHz; units of 0 to 6560
//
// The loudest place of a clip sets the floor of all its levels and every place sees every other: the units of a beginning
// are not the beginning of the units.
//
// # Concurrency
//
// A Tokenizer and its backend belong to one goroutine at a time.
package speechtokenizer

// Package cosyvoice is CosyVoice 2's way from speech units to sound: a flow-matching network makes mel frames of the
// units in the manner of a given voice, and the HiFT vocoder makes samples of the mel frames.
//
// The paper is "CosyVoice 2: Scalable Streaming Speech Synthesis with Large Language Models" (Du et al., 2024); the
// reference is the CosyVoice project's flow and hifigan modules with Matcha-TTS's blocks. The model's own voice decoder is
// Unit-BigVGAN; this one speaks the same 6561 units.
//
// The flow network: an encoder of two conformer stacks with relative positions (encoder.go, relative.go), the first at the
// rate of units, the second at twice that, tells the mean of each mel frame; an estimator (estimator.go) tells, ten times,
// where the frames should move from fixed noise (noise.go, euler.go). With chunk masks a frame sees its own chunk and all
// before it, so a long answer is made chunk by chunk without changing what was said (past.go). The vocoder: a pitch
// predictor, sines of its harmonics (source.go), and an upsampling network between two short-time Fourier transforms
// (hift.go, stft.go). Stream does both as units come in.
//
// # Concurrency
//
// Flow and HiFT hold weights and do not change once loaded; many Decoders may share them. A Decoder, and the Streams made
// of it, belong to one goroutine at a time. A Voice and a Noise are read only.
package cosyvoice

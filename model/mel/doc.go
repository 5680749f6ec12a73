// Package mel makes log-mel spectrograms: the pictures of sound that speech networks read.
//
// Options name every choice in which the front ends of Whisper, of the S3 speech tokenizer, of BigVGAN's speaker encoder and of
// CosyVoice differ; the functions named after them hold the choices. Everything is computed in float64: near the floor the
// logarithm magnifies what single precision leaves of a loud window.
//
//	e, err := mel.New(mel.Whisper(128))
//	rows, rest, err := e.Padded(pcm, 480000) // 30 s
//
// A spectrogram lies frame by frame, the bands of a frame side by side.
//
// # Concurrency
//
// A Transform, a Bank and an Extractor hold tables only: any number of goroutines may use one. A Scratch belongs to one goroutine.
package mel

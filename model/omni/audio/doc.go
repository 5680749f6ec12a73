// Package audio turns sound into rows of the language model's width: the audio encoder of Qwen2-Audio (Chu et al. 2024; the
// encoder of Whisper large-v3, Radford et al. 2022, with the time halved at its end) and the two layers that project its
// states. In the checkpoint these are audio_model and audio_projector.
//
// Sound is cut into pieces of 30 s, which know nothing of one another; a second gives 25 rows. Within a piece every row hears
// the whole piece, and the loudest moment of it sets the floor of the spectrogram. So a piece that is still growing must be
// encoded again, by Piece, until it is complete. Only the sound of a short piece costs time: the reference pads it to
// 30 s and masks what it added, which gives the same.
//
// # Concurrency
//
// An Encoder belongs to one goroutine at a time.
package audio

// Package omni runs HyperCLOVAX-SEED-Omni, the any-to-any model: what its encoders make of pictures, sound and video goes
// with the words into the language model, and out of it come words, units of speech and codes of pictures, which its
// decoders turn into sound and pictures.
//
//	picture ─ vision ────────────────── rows ─┐              ┌─ words
//	        └ imagetokenizer ────────── codes ┤              │
//	sound ─── audio ─────────────────── rows ─┼─ language ───┼─ units ─ bigvgan ─ 24 kHz
//	        └ speechtokenizer ───────── codes ┤   (libllama) │
//	video ─── vision ────────────────── rows ─┤              └─ codes ─ imagedecoder ─ picture
//	        └ audio ─ compressor ────── rows ─┘
//
// A Folder is a checkpoint, opened and understood but not loaded: Components says what is in it. A Model is a folder's
// networks in memory. Every box is a package below this one, this package is the lines between them.
//
// # Concurrency
//
// A Folder does not change after OpenFolder. A Model may be used by many goroutines: its networks work for one at a time,
// in the order of asking; the language model works for all its windows at once. A Window belongs to one goroutine.
package omni

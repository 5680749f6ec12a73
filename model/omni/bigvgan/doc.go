// Package bigvgan turns speech units (25 a second) into sound at 24 kHz: the Unit-BigVGAN of HyperCLOVAX-SEED-Omni-8B, a
// BigVGAN (Lee et al., 2023, arXiv:2206.04658) whose input is a table of unit embeddings beside a vector for the speaker.
//
// The network is a row of levels: a convolution over units, stages that each lengthen the signal by a rate and refine it in
// parallel residual blocks, and a last convolution to samples. Every level knows which of its inputs a stretch of its
// outputs hangs on. So the whole is decoded piece by piece, exactly: a piece computes only what the pieces before it did
// not, and keeps, level by level, the few places that the next one looks back to. Decode and Stream are the same walk.
//
// # Concurrency
//
// A Vocoder and its Streams belong to one goroutine at a time, as the backend that they run on does.
package bigvgan

// Package ecapa makes a vector of how somebody speaks out of a few seconds of sound: the ECAPA-TDNN (Desplanques et al.
// 2020, arXiv:2005.07143) beside which the cloning vocoder of HyperCLOVAX-SEED-Omni-8B was trained, with what it wants
// before it: a high-pass filter, a fixed level and a log-mel spectrogram.
//
// Layers run as graphs with the channels of a frame side by side; the pooling over time and the few sums behind it are done
// here in float64.
//
// # Concurrency
//
// An Encoder belongs to one goroutine at a time, as the backend that it runs on does.
package ecapa

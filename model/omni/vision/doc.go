// Package vision turns pictures and video frames into embeddings for the language model: the vision tower of Qwen2.5-VL
// (components vision_model and mm_projector of HyperCLOVAX-SEED-Omni-8B; Qwen2.5-VL technical report, arXiv 2502.13923, 2.1.1).
//
//	picture, frames ─ resize ─ patches ─ window order ─ blocks: attention in windows of 112 pixels, in a few of them over
//	the whole grid ─ merger: 4 neighbouring patches become one ─ reading order ─ projector ─ rows for the language model
//
// A temporal grid is what one still picture or one pair of frames gives: H·W patches. Attention never crosses it, so grids
// are computed one by one: memory is bounded by one grid, and a video streamed pair by pair equals one encoded whole.
//
// # Concurrency
//
// An Encoder and the Streams on it belong to one goroutine at a time, as its backend does. Config, Preprocessing, Patcher
// and the functions are values or do not change: they may be used from many goroutines.
package vision

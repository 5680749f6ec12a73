// Package imagedecoder paints a picture from the 729 image units that the language model gives out: the diffusers folder
// decoder/vision of HyperCLOVAX-SEED-Omni (pipeline VisionTokenToImagePipeline of NAVER's OmniServe).
//
// The units become vectors (token_embedder), stretched over the grid of the picture's latent values. A transformer of
// single-stream blocks (those of FLUX.1) moves noise along a flow (rectified flow with the Euler steps of
// FlowMatchEulerDiscreteScheduler) towards the latent picture those vectors describe; a second, weaker one, where the
// folder has it, pushes it further away from mistakes (autoguidance, arXiv:2406.02507). The decoder of a variational
// autoencoder (AutoencoderKL) makes pixels of it, in bands of rows, so that its memory does not grow with the picture's
// height; the bands are exact, not blended.
//
// ReadConfig reads the folder's configurations, Declare names every tensor, Open does both and loads. Decode is the whole
// way; Denoise and Render are its halves.
//
// Noise is drawn from Go's math/rand/v2: a seed gives the same picture here for ever, but not that of torch with the same
// seed. Options.Noise takes noise from elsewhere.
//
// At the released size a picture of 768×768 takes, beside the weights, 0.6 GB in the transformers and then 1.3 GB in the
// autoencoder: three planes of its widest stage at a time, freed as soon as they have been read. A preview takes a part of
// that by its area.
//
// # Concurrency
//
// A Decoder belongs to one goroutine at a time, with the backend it was made for. The functions of this package that are
// no methods may be called from many goroutines.
package imagedecoder

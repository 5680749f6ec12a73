// Package imagetokenizer turns a picture into the discrete image units of HyperCLOVAX-SEED-Omni: the checkpoint's
// discrete_vision_model, the text-aligned tokenizer of Tar (Han et al. 2025, arXiv 2506.18898) on SigLIP's vision encoder
// (Zhai et al. 2023) with the codebook of SimVQ (Zhu et al. 2024).
//
// The picture is resized to a square without regard to its shape, cut into patches and encoded; the output of the layer
// before the last, through a tanh layer and a linear one, is compared by cosine with every row of a codebook that is itself a
// linear image of an embedding table. The row most alike is the unit. The reference draws it at random by softmax(cos/0.03);
// here that is an option and the most alike row the default, so that the same picture gives the same units.
//
//	t := imagetokenizer.Declare(p.At("model.discrete_vision_model."), config, backend)
//	// p.Load
//	units, err := t.Encode(ctx, picture) // 729 of 0 to 65535, row by row
//
// # Concurrency
//
// A Tokenizer and its backend belong to one goroutine at a time. The first use writes the finished codebook over the
// embedding table it was loaded with, so two Tokenizers never share loaded weights.
package imagetokenizer

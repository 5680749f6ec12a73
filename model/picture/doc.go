// Package picture turns the bytes of a picture file into pixels and gives pictures the sizes that vision networks want,
// pixel by pixel as the libraries do that the networks were trained with: Pillow for still pictures, PyTorch for the frames
// of a video.
//
// A picture is a model.Picture: RGB, 8 bits a channel, rows from the top. Files and sizes come from strangers: every size is
// checked against MaxPixels before memory for it is taken.
//
// # Concurrency
//
// All functions are pure: they may be called from many goroutines, and none keeps or changes what it is given.
package picture

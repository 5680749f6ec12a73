// Package camera says in a short line of words what a picture shows: EfficientNet-Lite0 names the thing in the middle
// (1000 ImageNet classes, told in everyday words), PP-OCRv4 finds and reads Latin and Chinese text, and plain arithmetic
// adds the thing's colour and whether the camera is covered. People are no class of ImageNet and are not named.
//
// # Concurrency
//
// A Describer may be used by many goroutines at once. Close it after its users have returned; a Describe after that is
// an error. Scene's methods may be called by anyone at any time.
package camera

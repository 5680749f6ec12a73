// Package small is the default model: real pretrained parts that hold a conversation on two cores without a GPU.
//
// Whisper base hears (package whisper), a small instruct model on libllama thinks (package llama), hibari speaks English
// (package hibari), espeak-ng the other languages where it is installed, and an image classifier and a text recognizer
// say in a few words what the camera shows (package camera).
//
// # Concurrency
//
// As package model says: a Model serves many goroutines, a Conversation one call.
package small

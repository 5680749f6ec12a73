// Package live holds calls with an omni model: a model.Model whose conversations hear and see by the model's own encoders
// and answer by its own units of speech.
//
// A spoken answer stands in the window as the model writes it: what it heard, its words, then the units of its speech. The
// vocoder turns units into sound as they come; each Piece carries the position behind the units that its sound is made of,
// so that whoever knows what was heard can say where the window must be cut. Truncate then keeps the words and the units
// up to there and closes the answer, in the form of omni-8b.md §7.8: nothing unheard stays in the window.
//
// # Concurrency
//
// As package model says. A Conversation's Hear and See may run beside a Reply; the networks work for one of them at a time.
package live

// Package live holds calls with an omni model: a model.Model whose conversations hear and see by the model's own encoders
// and answer by its own units of speech, call tools and draw.
//
// A spoken answer stands in the window as the model writes it: what it heard, its words, then the units of its speech. The
// vocoder turns units into sound as they come; each Piece carries the position behind the units that its sound is made of,
// so that whoever knows what was heard can say where the window must be cut. Truncate then keeps the words and the units
// up to there and closes the answer, in the form of omni-8b.md §7.8: nothing unheard stays in the window.
//
// What the window holds is written down in a log of stretches. Camera frames between the questions go into a message that stays
// open, in the background and never in a turn's way. A window that is nearly full is put together anew in a second one: the
// system prompt, older turns as words, the newest as they are; positions count on over that. An answer is the one that
// `omnilive ask` gives to the same input: both go through omni.Window.Answer.
//
// # Concurrency
//
// As package model says: Hear, See and Listen may run beside a Reply; the networks work for one of them at a time. A conversation
// starts one goroutine at most, to tidy its window; Close waits for it.
package live

// Package streaming holds the conversation of one call: who speaks when, what was said, and what of it was heard.
//
// # Way of a turn
//
//	mic → listen → hop → converse ─ pause ─→ recognize, judge ─→ begin (a held answer) ─ end of turn ─→ release
//	                                                                                                      │
//	ear ← player ← push ← held pieces ←──────────────────────────────────────────────────────────────────┘
//	        └─ progress → converse: transcript deltas, the mark of what was heard
//
// # Goroutines
//
//	listen    reads the microphone, owns the speech detector       started and awaited by Session.Run
//	player    keeps the 20 ms pace of the way out                   Session.Run
//	converse  decides everything; owns talk, utterance and turn     Session.Run
//	look      shows the camera to the model                         Session.Run
//	overhear  gives a model.Listener the sound beside the camera    Session.Run
//	reply     ≤ 1: runs the model for a turn                        turn.stop, or converse when the pieces end
//	tasks     ≤ 1 recognition, ≤ a few verdicts of turn detection   talk.hangUp
//	painting  ≤ 2: paints what the model drew                      talk.hangUp
//
// # Concurrency
//
// NewSession, then Run once; Do may be called by any goroutine while Run runs. Events are emitted by one goroutine, in order.
//
// # Invariants
//
//   - What has left the player is what was heard: talk truncates the model's memory, cuts the transcript and tells the client
//     by the same Mark.
//   - An answer begun at a pause is heard only after the turn has ended; if the user goes on it leaves no trace.
//   - The wire falls silent before an interrupted reply is waited for.
//   - Time on the way in is counted in samples. No decision depends on how fast the machine is, except on when the words are known.
package streaming

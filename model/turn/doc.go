// Package turn judges when someone speaks and when they have finished: Silero tells speech from everything else, hop by
// hop; SmartTurn tells a finished turn from a pause by its sound; Words tells it by what was said.
//
// SmartTurn takes a good part of clear questions ("… what it is?") for unfinished: let the words have a say and put a
// limit on the wait.
//
// # Concurrency
//
// SpeechNetwork, SmartTurn and Words may be used by many goroutines at once. A Silero belongs to one call and is used by
// one goroutine at a time. Close a network after its users have returned; a run after that is an error, not a crash.
package turn

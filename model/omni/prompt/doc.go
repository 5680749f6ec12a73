// Package prompt writes conversations the way HyperCLOVAX-SEED-Omni expects them, as token ids with places for features, and
// reads its answers: text, reasoning, transcripts, units of speech, units of pictures and tool calls.
//
// A [Conversation] becomes [Segment]s, byte for byte the text of the served chat template; segments become [Piece]s, ids and
// places for feature rows, by a [Vocabulary]. The renderer is Go and not the checkpoint's jinja for one reason: it
// knows which words are the template's. Only these can become control tokens; what a user, a tool or a caption said
// stays text, however it is spelled.
//
// An [Answer] follows the ids of a generated answer. It tells what they mean as events, and before each token which ids
// would keep the answer well formed, or which ones must come.
//
// # Concurrency
//
// A Vocabulary is never changed and may be used by any number of goroutines. A Conversation and an Answer belong to one.
package prompt

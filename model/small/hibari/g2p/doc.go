// Package g2p reads English text: it turns written words into the phonemes the hibari voice was trained on
// (the American alphabet of misaki 0.9.4, one letter a phoneme: "həlˈO ðˈɛɹ.").
//
// Text goes through these steps, each in the files of its name:
//
//	plain      what a language model writes but nobody says (markdown, emoji) is dropped
//	sentence   the text is cut where a speaker stops
//	normalize  times, dates, amounts, abbreviations and symbols become words
//	tokenize   words are cut as the tagger knows them ("don't" is "do" and "n't")
//	tagger     every token gets its Penn Treebank part of speech
//	pieces     tokens are cut and joined to what the dictionary can hold
//	lexicon    dictionary, endings, numbers and the rules that look at the next word
//	read       puts it together; unknown words go to the caller's function
//
// The tables are those of hibari-tts 0.2.1 (Apache-2.0), whose README states what each step does. Every word of the
// result remembers where in the caller's text it ended.
//
// # Concurrency
//
// A Reader is never changed after Open; any number of goroutines may use it at once, if the function for unknown words
// allows that.
package g2p

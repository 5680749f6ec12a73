package g2p

import "strings"

const (
	primary   = "ˈ"
	secondary = "ˌ"
	vowels    = "AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻ"
	// consonants and pauses, with the vowels, are what the rules for "the", "to" and "a" listen for.
	consonants = "bdfhjklmnpstvwzðŋɡɹɾʃʒʤʧθ"
	pauses     = ";:,.!?—…"
	longSounds = "AIOQWYʤʧ" // count twice when stress is weighed
)

// An emphasis says what becomes of a word's stress marks.
type emphasis uint8

const (
	asIs     emphasis = iota
	silent            // no stress at all
	demoted           // primary becomes secondary
	weakened          // demoted, or at least secondary where there is none
	lifted            // at least secondary: a capitalized word
	stressed          // at least primary: a word in capitals
)

// emphasize changes the stress marks of phonemes.
func emphasize(phonemes string, e emphasis) string {
	strong, weak := strings.Contains(phonemes, primary), strings.Contains(phonemes, secondary)
	switch {
	case e == silent:
		return strings.ReplaceAll(strings.ReplaceAll(phonemes, primary, ""), secondary, "")
	case strong && (e == demoted || e == weakened):
		return strings.ReplaceAll(strings.ReplaceAll(phonemes, secondary, ""), primary, secondary)
	case strong:
		return phonemes
	case weak && e == stressed:
		return strings.ReplaceAll(phonemes, secondary, primary)
	case weak:
		return phonemes
	case e == weakened || e == lifted:
		return beforeVowel(phonemes, secondary)
	case e == stressed:
		return beforeVowel(phonemes, primary)
	}
	return phonemes
}

// beforeVowel puts mark before the first vowel, if there is one.
func beforeVowel(phonemes, mark string) string {
	i := strings.IndexAny(phonemes, vowels)
	if i < 0 {
		return phonemes
	}
	return phonemes[:i] + mark + phonemes[i:]
}

// stressWeight is how long a word sounds, in phonemes; diphthongs and affricates count twice.
func stressWeight(phonemes string) int {
	n := 0
	for _, r := range phonemes {
		n++
		if strings.ContainsRune(longSounds, r) {
			n++
		}
	}
	return n
}

// A start is how what comes next begins.
type start uint8

const (
	nothingYet start = iota // a pause, or the end
	consonant
	vowel
)

// begins finds out how phonemes begin; where they hold no sound at all, what came after them counts.
func begins(phonemes string, otherwise start) start {
	for _, r := range phonemes {
		switch {
		case strings.ContainsRune(pauses, r):
			return nothingYet
		case strings.ContainsRune(vowels, r):
			return vowel
		case strings.ContainsRune(consonants, r):
			return consonant
		}
	}
	return otherwise
}

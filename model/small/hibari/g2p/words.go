package g2p

import "strings"

// A part is a piece of a token that the dictionary may hold.
type part struct {
	text     string
	tag      string
	phonemes string
	done     bool   // phonemes are final, even if empty
	apart    bool   // a blank is said before it
	currency string // sign before an amount
	space    bool   // white space follows
	free     bool   // blanks are on both sides
	end      int    // offset in the caller's text
}

// marks are the characters of the model's alphabet that are no sounds.
const marks = pauses + "\"“”"

// markTags are the tags of punctuation.
var markTags = map[string]bool{
	".": true, ",": true, "-LRB-": true, "-RRB-": true, "``": true, `""`: true, "''": true,
	":": true, "$": true, "#": true, "NFP": true,
}

// maxParts bounds the work on things that are no words, whose parts are tried in all combinations.
const maxParts = 20

// words cuts tagged tokens into parts and groups the parts that have no white space between them. Marks and the like
// stand alone and are done.
func words(tokens []piece, tags []string, src traced) [][]part {
	var out [][]part
	open := false // the last group may grow
	money := ""
	for i, tok := range tokens {
		texts := parts(tok.text)
		for j, text := range texts {
			last := j == len(texts)-1
			p := part{text: text, tag: tags[i], space: last && tok.space, end: src.end[tok.end-1]}
			p.free = len(texts) == 1 && p.space && i > 0 && tokens[i-1].space
			alone := false
			switch {
			case p.tag == "$" && currencies[text] != [2]string{}:
				money = text
				alone, p.done = true, true
			case p.isMark():
				alone, p.done = true, true
			case money != "" && p.tag != "CD":
				money = ""
			case money != "":
				if last && (i+1 == len(tokens) || tags[i+1] != "CD") {
					p.currency = money
				}
			case text == "2" && j > 0 && !last && isAlpha(tail(texts[j-1], 1)+string(runeAt(texts[j+1], 0))):
				alone, p.text = true, "to" // "B2B"
			}
			if open && !alone && len(out[len(out)-1]) < maxParts {
				out[len(out)-1] = append(out[len(out)-1], p)
			} else {
				out = append(out, []part{p})
			}
			open = !alone && !p.space
		}
	}
	return out
}

// isMark says that p is punctuation, and gives it what the model has for it.
func (p *part) isMark() bool {
	if (p.text == "-" || p.text == "–") && (p.tag == ":" || p.free) { // the reference is silent at many a free one
		p.phonemes = "—"
		return true
	}
	if !markTags[p.tag] || isASCIIWord(p.text) {
		return false
	}
	switch p.tag {
	case "-LRB-":
		p.phonemes = "("
	case "-RRB-":
		p.phonemes = ")"
	case "``":
		p.phonemes = "“"
	case `""`, "''":
		p.phonemes = "”"
	default:
		p.phonemes = strings.Map(keepMark, p.text)
	}
	return true
}

func keepMark(r rune) rune {
	if strings.ContainsRune(marks, r) {
		return r
	}
	return -1
}

// joined is what several parts are looked up as.
func joined(group []part, head bool) term {
	t := term{head: head}
	most := -1
	for _, p := range group {
		t.text += p.text
		t.currency = max(t.currency, p.currency)
		if w := caseWeight(p.text); w > most {
			most = w
			t.tag = p.tag
		}
	}
	return t
}

// caseWeight counts characters, capitals twice: the heaviest part has the say about the tag of the whole.
func caseWeight(s string) int {
	n := 0
	for _, r := range s {
		n++
		if c := string(r); c != lower(c) {
			n++
		}
	}
	return n
}

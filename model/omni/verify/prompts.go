package verify

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"omnilive/model/omni/prompt"
	"omnilive/model/tokenizer"
)

// vocabularyOf reads the ids of the checkpoint that the folder is.
func vocabularyOf(r *Run) (*prompt.Vocabulary, error) {
	var config prompt.Config
	if err := r.Config(&config); err != nil {
		return nil, err
	}
	t, err := tokenizer.Open(filepath.Join(r.Dir, "tokenizer.json"))
	if err != nil {
		return nil, err
	}
	return prompt.NewVocabulary(config, t)
}

// storedMedia is what a case file says of its media.
type storedMedia map[string]struct {
	Width    int    `json:"width"`
	Height   int    `json:"height"`
	Duration string `json:"duration"`
}

// The omni-tiny folder: prompts with given codes and the features' row counts.
type tinyPrompts struct {
	Media  storedMedia    `json:"media"`
	Tokens map[string]int `json:"tokens"`
	Cases  map[string]struct {
		promptCase
		Prompt     string `json:"prompt"`
		Durations  string `json:"prompt_with_durations"`
		Block      string `json:"image_block"`
		GreedyText string `json:"greedy_text"`
	} `json:"cases"`
}

// tinyPromptIDs checks the prompts of omni-tiny: text with placeholders, text with durations, ids. No network takes part.
func tinyPromptIDs(r *Run) error {
	v, err := vocabularyOf(r)
	if err != nil {
		return err
	}
	var list tinyPrompts
	if err := r.JSON("cases.json", &list); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(list.Cases)) {
		c := list.Cases[name]
		if err := comparePrompt(r, name, &c.promptCase, nil, c.Prompt); err != nil {
			return err
		}
		media := func(k prompt.Kind, _ int) prompt.Media { return list.media(r, k) }
		if err := comparePrompt(r, name+" with durations", &c.promptCase, media, c.Durations); err != nil {
			return err
		}
		block := prompt.Rows
		if c.Block == "rows_without_eol" {
			block = prompt.Bare
		}
		talk, err := c.conversation(media)
		if err != nil {
			return err
		}
		pieces, err := v.Prompt(talk, block)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.Equal(name+".input_ids", v.Flatten(pieces))
		if r.Has(name + ".greedy_ids") {
			r.Text(name+" greedy text", v.Tokenizer.Decode(r.Ints(name+".greedy_ids"), false), c.GreedyText)
		}
	}
	return r.Err()
}

func (l *tinyPrompts) media(r *Run, k prompt.Kind) prompt.Media {
	switch k {
	case prompt.Image:
		m := l.Media["image"]
		return prompt.Media{Rows: l.Tokens["image"], Codes: r.Ints("discrete_image_units"), Width: m.Width, Height: m.Height}
	case prompt.Audio:
		return prompt.Media{Rows: l.Tokens["audio"], Codes: r.Ints("discrete_audio_units"), Duration: l.Media["audio"].Duration}
	}
	return prompt.Media{Rows: l.Tokens["video"], Sound: l.Tokens["video_audio"], Duration: l.Media["video"].Duration}
}

// comparePrompt compares the text of a conversation.
func comparePrompt(r *Run, what string, c *promptCase, media shelf, want string) error {
	talk, err := c.conversation(media)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	segments, err := talk.Render()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	r.Text(what, prompt.Join(segments), want)
	return nil
}

// wholePrompts is the omni-whole folder's list of runs.
type wholePrompts struct {
	Media  storedMedia          `json:"media"`
	Tokens map[string]int       `json:"tokens"`
	Cases  map[string]wholeCase `json:"cases"`
}

// A wholeCase is one run: a prompt, and the pieces of its answer.
type wholeCase struct {
	promptCase
	Media  map[string][]string `json:"media"`
	Prompt *string             `json:"prompt"` // nil: goes on with the window of the run before it
	Answer []struct {
		Kind  string `json:"kind"`
		Count int    `json:"count"`
		Text  string `json:"text"`
	} `json:"answer"`

	AfterCut  string  `json:"prompt_with_durations_after_cut"`
	Keep      int     `json:"keep_tokens_of_turn1"`
	KeepUnits int     `json:"units_kept"`
	KeepText  *int    `json:"text_tokens_kept"`
	TextIDs   []int32 `json:"text_ids"`
	Units     []int32 `json:"units"`
}

// codes are the stored codes of an item of media: question.units, image.codes.
func (l *wholePrompts) codes(r *Run, name string) []int32 {
	for _, suffix := range []string{".units", ".codes"} {
		if r.Has(name + suffix) {
			return r.Ints(name + suffix)
		}
	}
	return nil
}

// shelf hands out the media that a run names.
func (l *wholePrompts) shelf(r *Run, c *wholeCase) shelf {
	return func(k prompt.Kind, item int) prompt.Media {
		kind := map[prompt.Kind]string{prompt.Image: "image", prompt.Audio: "audio", prompt.Video: "video"}[k]
		if item >= len(c.Media[kind]) {
			return prompt.Media{}
		}
		name := c.Media[kind][item]
		m := l.Media[name]
		out := prompt.Media{Rows: l.Tokens[name], Codes: l.codes(r, name), Width: m.Width, Height: m.Height, Duration: m.Duration}
		if k == prompt.Video && item < len(c.Media["video_audio"]) {
			out.Sound = l.Tokens[c.Media["video_audio"][item]]
		}
		return out
	}
}

// wholePromptIDs checks the prompts of omni-whole, the forced pieces of its answers, and the window of an interrupted turn.
// No network takes part: codes come from what the tokenizers of pictures and speech gave.
func wholePromptIDs(r *Run) error {
	v, err := vocabularyOf(r)
	if err != nil {
		return err
	}
	var list wholePrompts
	if err := r.JSON("cases.json", &list); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(list.Cases)) {
		c := list.Cases[name]
		if c.Prompt == nil {
			err = list.goesOn(r, v, name, &c)
		} else {
			err = list.begins(r, v, name, &c)
		}
		if err == nil {
			err = forcedPieces(r, v, name, &c)
		}
		if err == nil {
			err = wellFormed(r, v, name, &c)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return r.Err()
}

func (l *wholePrompts) begins(r *Run, v *prompt.Vocabulary, name string, c *wholeCase) error {
	if err := comparePrompt(r, name, &c.promptCase, nil, *c.Prompt); err != nil {
		return err
	}
	talk, err := c.conversation(l.shelf(r, c))
	if err != nil {
		return err
	}
	pieces, err := v.Prompt(talk, prompt.Rows)
	if err != nil {
		return err
	}
	r.Equal(name+".prompt_ids", v.Flatten(pieces))
	return nil
}

// goesOn checks a window that was cut: what was heard, the closing words, the next question.
func (l *wholePrompts) goesOn(r *Run, v *prompt.Vocabulary, name string, c *wholeCase) error {
	before, first, err := l.cutTurn(c)
	if err != nil {
		return err
	}
	heard, err := l.heard(v, c, first)
	if err != nil {
		return err
	}
	talk, err := c.conversation(l.shelf(r, c))
	if err != nil {
		return err
	}
	last := len(talk.Messages) - 1
	for _, m := range talk.Messages[:last] {
		talk.Before.Count(m)
	}
	talk.Messages = talk.Messages[last:]
	pieces, err := v.Prompt(talk, prompt.Rows)
	if err != nil {
		return err
	}
	window := append(append(r.Ints(before+".prompt_ids"), heard...), v.Flatten(pieces)...)
	r.Equal(name+".prompt_ids", window)
	if c.Keep > 0 {
		turn1 := append(r.Ints(before+".prompt_ids"), r.Ints(before+".answer_ids")...)
		r.Integers(name+" kept of turn 1", window[:min(c.Keep, len(window))], turn1[:min(c.Keep, len(turn1))])
	}
	return nil
}

// heard is what the window holds of the turn that was cut: as many words and units as were heard, closed.
func (l *wholePrompts) heard(v *prompt.Vocabulary, c, first *wholeCase) ([]int32, error) {
	words := first.TextIDs
	if c.KeepText != nil {
		words = words[:min(*c.KeepText, len(words))]
	}
	return v.Heard(prompt.Spoken{
		User: between(first.Answer[0].Text, "<user_transcript>", "</user_transcript>"), Ids: words,
		SpeakerInfo: between(first.Answer[2].Text, "<speaker_info>", "</speaker_info>"),
		Units:       first.Units[:min(c.KeepUnits, len(first.Units))],
	})
}

// cutTurn finds the run whose answer a window goes on with.
func (l *wholePrompts) cutTurn(c *wholeCase) (string, *wholeCase, error) {
	for _, name := range slices.Sorted(maps.Keys(l.Cases)) {
		other := l.Cases[name]
		if other.Prompt != nil && len(other.Units) > 0 && len(other.TextIDs) > 0 && len(other.Answer) == 4 {
			return name, &other, nil
		}
	}
	return "", nil, errors.New("no run with units and text to go on with")
}

// forcedPieces checks the ids of the words that were put into an answer.
func forcedPieces(r *Run, v *prompt.Vocabulary, name string, c *wholeCase) error {
	stored, at := r.Ints(name+".answer_ids"), 0
	for i, a := range c.Answer {
		if at+a.Count > len(stored) {
			return fmt.Errorf("the answer has %d ids, its pieces more", len(stored))
		}
		if a.Kind == "forced" {
			ids, err := v.Text(a.Text)
			if err != nil {
				return err
			}
			r.Integers(fmt.Sprintf("%s answer piece %d", name, i), ids, stored[at:at+a.Count])
		}
		at += a.Count
	}
	return nil
}

// between is what stands between two words of text.
func between(text, before, behind string) string {
	_, text, _ = strings.Cut(text, before)
	text, _, _ = strings.Cut(text, behind)
	return text
}

// wellFormed follows a stored answer: what was picked among restricted ids must be allowed there, and an answer's codes and units
// must come out as they were stored.
func wellFormed(r *Run, v *prompt.Vocabulary, name string, c *wholeCase) error {
	a := v.NewAnswer(prompt.AnswerOptions{Speech: true, Pictures: true})
	ids, at := r.Ints(name+".answer_ids"), 0
	refused := []int32{}
	var units, codes []int32
	for _, piece := range c.Answer {
		for _, id := range ids[min(at, len(ids)):min(at+piece.Count, len(ids))] {
			if piece.Kind != "forced" && piece.Kind != "free" && piece.Kind != "text" && !permits(a.Next(), id) {
				refused = append(refused, id)
			}
			for _, e := range a.Take(id) {
				switch e.Kind {
				case prompt.Unit:
					units = append(units, e.Code)
				case prompt.Code:
					codes = append(codes, e.Code)
				}
			}
		}
		at += piece.Count
	}
	r.Integers(name+" ids refused", refused, nil)
	if r.Has(name + ".units") {
		r.Equal(name+".units", units)
	}
	if r.Has(name + ".vision_tokens") {
		r.Equal(name+".vision_tokens", codes)
	}
	return r.Err()
}

// permits reports whether an id may come in a step.
func permits(s prompt.Step, id int32) bool {
	if len(s.Forced) > 0 {
		return s.Forced[0] == id
	}
	return slices.ContainsFunc(s.Allowed, func(r [2]int32) bool { return r[0] <= id && id <= r[1] })
}

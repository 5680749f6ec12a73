package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"omnilive/model/checkpoint"
	"omnilive/model/omni"
	"omnilive/model/omni/language"
	"omnilive/model/omni/prompt"
)

// wholePrompt runs a checkpoint without tokenizers of its own: media through the encoders, given codes, the prompt into the
// language model, its likeliest answer.
func wholePrompt(ctx context.Context, r *Run) error {
	if err := tinyPromptIDs(r); err != nil {
		return err
	}
	if err := visionFeatures(ctx, r); err != nil {
		return err
	}
	var list tinyPrompts
	if err := r.JSON("cases.json", &list); err != nil {
		return err
	}
	positions := 0
	for name := range list.Cases {
		positions = max(positions, len(r.Ints(name+".input_ids"))+len(r.Ints(name+".greedy_ids")))
	}
	c, err := openChain(ctx, r, positions+16)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.features(ctx); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(list.Cases)) {
		t := list.Cases[name]
		if err := c.tinyCase(ctx, name, &t.promptCase, &list, t.Block); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return r.Err()
}

// tinyCase feeds one prompt and follows the likeliest ids.
func (c *chain) tinyCase(ctx context.Context, name string, p *promptCase, list *tinyPrompts, form string) error {
	names := map[prompt.Kind][]string{prompt.Image: {"image"}, prompt.Audio: {"audio"}, prompt.Video: {"video"}}
	media := func(k prompt.Kind, _ int) prompt.Media { // the codes and the numbers of rows are given
		m := list.media(c.r, k)
		return m
	}
	talk, err := p.conversation(media)
	if err != nil {
		return err
	}
	block := prompt.Rows
	if form == "rows_without_eol" {
		block = prompt.Bare
	}
	pieces, err := c.m.Vocabulary.Prompt(talk, block)
	if err != nil {
		return err
	}
	var items []omni.Item
	for _, kind := range []prompt.Kind{prompt.Image, prompt.Audio, prompt.Video} {
		items = append(items, c.items[names[kind][0]])
	}
	if err := c.embeddings(name, pieces, items); err != nil {
		return err
	}
	w, err := c.m.NewWindow()
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.Fill(ctx, pieces, items); err != nil {
		return err
	}
	c.r.NearBy(name+".last_logits", w.Sequence().Logits(), c.limits["last_logits"])
	ids, err := greedy(ctx, w, len(c.r.Ints(name+".greedy_ids")), nil, func([]float32) {})
	if err != nil {
		return err
	}
	c.r.Equal(name+".greedy_ids", ids)
	return c.r.Err()
}

// embeddings compares the rows that go into the first layer: those of the table of embeddings, and features in their places.
func (c *chain) embeddings(name string, pieces []prompt.Piece, items []omni.Item) error {
	if !c.r.Has(name + ".inputs_embeds") {
		return nil
	}
	table, err := checkpoint.Floats(c.folder.Source, language.Prefix+"model.embed_tokens.weight")
	if err != nil {
		return err
	}
	var rows []float32
	width := c.m.Width()
	for _, p := range pieces {
		if p.Slot == prompt.None || p.Rows == 0 {
			for _, id := range p.Tokens {
				rows = append(rows, table[int(id)*width:(int(id)+1)*width]...)
			}
			continue
		}
		r, err := omni.RowsOf(p, items)
		if err != nil {
			return err
		}
		rows = append(rows, r...)
	}
	c.r.NearBy(name+".inputs_embeds", rows, c.limits["inputs_embeds"])
	return nil
}

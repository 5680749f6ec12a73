package verify

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"omnilive/model/omni"
	"omnilive/model/omni/imagedecoder"
	"omnilive/model/omni/prompt"
)

// wholeChain runs every case of a whole checkpoint: media through the encoders and tokenizers, the prompt into the language
// model, its answer id by id, and that to sound or a picture. Nothing is given but weights, media and the latent noise.
func wholeChain(ctx context.Context, r *Run) error {
	if err := wholePromptIDs(r); err != nil {
		return err
	}
	if err := visionFeatures(ctx, r); err != nil {
		return err
	}
	var list wholeRuns
	if err := r.JSON("cases.json", &list); err != nil {
		return err
	}
	positions := 0
	for name := range list.Cases {
		positions = max(positions, len(r.Ints(name+".prompt_ids"))+len(r.Ints(name+".answer_ids")))
	}
	c, err := openChain(ctx, r, positions+1024)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.features(ctx); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(list.Cases)) {
		run := list.Cases[name]
		w := &wholeRun{chain: c, list: &list, name: name, c: &run}
		if err := w.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return r.Err()
}

// wholeRuns is the list of runs with what their decoders are told.
type wholeRuns struct {
	Base  int32               `json:"base_id"`
	Cases map[string]wholeOut `json:"cases"`
}

type wholeOut struct {
	wholeCase
	Voice *struct {
		Speaker   string `json:"speaker"`
		Reference string `json:"reference"`
	} `json:"voice"`
	Image *struct {
		Height   int     `json:"height"`
		Width    int     `json:"width"`
		Steps    int     `json:"num_inference_steps"`
		Guidance float64 `json:"guidance_scale"`
	} `json:"image"`
}

// A wholeRun is one case under way.
type wholeRun struct {
	*chain
	list *wholeRuns
	name string
	c    *wholeOut
	ids  []int32 // of the answer
}

func (w *wholeRun) run(ctx context.Context) error {
	window, err := w.m.NewWindow()
	if err != nil {
		return err
	}
	defer window.Close()
	if err := w.ask(ctx, window); err != nil {
		return err
	}
	if err := w.answer(ctx, window, true); err != nil {
		return err
	}
	w.r.Equal(w.name+".answer_ids", w.ids)
	if w.r.Err() == nil && w.c.Voice != nil {
		err = w.speak(ctx)
	}
	if w.r.Err() == nil && w.c.Image != nil {
		err = w.draw(ctx)
	}
	return err
}

// ask puts the prompt into an empty window.
func (w *wholeRun) ask(ctx context.Context, window *omni.Window) error {
	if w.c.Prompt == nil {
		return w.goOn(ctx, window)
	}
	names, items, err := w.mediaOf(ctx)
	if err != nil {
		return err
	}
	talk, err := w.c.conversation(w.shelf(names))
	if err != nil {
		return err
	}
	pieces, err := w.m.Vocabulary.Prompt(talk, prompt.Rows)
	if err != nil {
		return err
	}
	w.r.Integers(w.name+".prompt_ids (from the encoders)", w.m.Vocabulary.Flatten(pieces), w.r.Ints(w.name+".prompt_ids"))
	return window.Fill(ctx, pieces, items)
}

// mediaOf encodes the media of the case, in reading order.
func (w *wholeRun) mediaOf(ctx context.Context) (map[prompt.Kind][]string, []omni.Item, error) {
	names := map[prompt.Kind][]string{
		prompt.Image: w.c.Media["image"], prompt.Audio: w.c.Media["audio"], prompt.Video: w.c.Media["video"],
	}
	var items []omni.Item
	for _, k := range []prompt.Kind{prompt.Image, prompt.Audio, prompt.Video} {
		for _, name := range names[k] {
			it, err := w.item(ctx, name)
			if err != nil {
				return nil, nil, err
			}
			items = append(items, it)
		}
	}
	return names, items, nil
}

// goOn runs the turn that this one interrupts, cuts the window back to what was heard, and puts the next question in.
func (w *wholeRun) goOn(ctx context.Context, window *omni.Window) error {
	all := wholePrompts{Cases: map[string]wholeCase{}}
	for name, c := range w.list.Cases {
		all.Cases[name] = c.wholeCase
	}
	before, first, err := all.cutTurn(&w.c.wholeCase)
	if err != nil {
		return err
	}
	turn := &wholeRun{chain: w.chain, list: w.list, name: before, c: &wholeOut{wholeCase: *first}}
	if err := turn.ask(ctx, window); err != nil {
		return err
	}
	asked := window.Len()
	if err := turn.answer(ctx, window, false); err != nil {
		return err
	}
	heard, err := all.heard(w.m.Vocabulary, &w.c.wholeCase, first)
	if err != nil {
		return err
	}
	keep := asked
	if w.c.Keep > asked && w.c.Keep <= window.Len() {
		keep = w.c.Keep // the cache itself, cut
	}
	if err := window.Truncate(keep); err != nil {
		return err
	}
	if err := window.Append(ctx, heard[keep-asked:]); err != nil {
		return err
	}
	return w.nextQuestion(ctx, window)
}

// nextQuestion puts the last message of the conversation behind what the window holds.
func (w *wholeRun) nextQuestion(ctx context.Context, window *omni.Window) error {
	names, _, err := w.mediaOf(ctx)
	if err != nil {
		return err
	}
	talk, err := w.c.conversation(w.shelf(names))
	if err != nil {
		return err
	}
	talk.Messages = talk.Messages[len(talk.Messages)-1:]
	talk.Before = prompt.Counters{Audio: len(names[prompt.Audio]) - 1}
	pieces, err := w.m.Vocabulary.Prompt(talk, prompt.Rows)
	if err != nil {
		return err
	}
	last := w.items[names[prompt.Audio][len(names[prompt.Audio])-1]]
	return window.Fill(ctx, pieces, []omni.Item{last})
}

// answer goes through the pieces of the answer: forced words are put in, all else is picked.
func (w *wholeRun) answer(ctx context.Context, window *omni.Window, compare bool) error {
	v := w.m.Vocabulary
	var first, last []float32
	seen := func(logits []float32) {
		if first == nil {
			first = logits
		}
		last = logits
	}
	for _, piece := range w.c.Answer {
		ids, err := w.piece(ctx, window, v, piece.Kind, piece.Text, piece.Count, seen)
		if err != nil {
			return err
		}
		w.ids = append(w.ids, ids...)
	}
	if compare {
		w.r.NearBy(w.name+".first_logits", first, w.limits["logits"])
		if w.r.Has(w.name + ".last_logits") {
			w.r.NearBy(w.name+".last_logits", last, w.limits["logits"])
		}
	}
	return w.r.Err()
}

func (w *wholeRun) piece(ctx context.Context, window *omni.Window, v *prompt.Vocabulary, kind, text string, n int, seen func([]float32)) ([]int32, error) {
	switch {
	case kind == "forced":
		ids, err := v.Text(text)
		if err != nil {
			return nil, err
		}
		return ids, window.Append(ctx, ids)
	case kind == "audio":
		units := [2]int32{v.Units.First, v.Units.First + v.Units.Count - 1}
		return greedy(ctx, window, n, [][2]int32{units, {v.Marks.AudioEnd, v.Marks.AudioEnd}}, seen)
	case kind == "text":
		return greedy(ctx, window, n, [][2]int32{{0, w.list.Base - 1}}, seen)
	case kind == "free":
		return greedy(ctx, window, n, nil, seen)
	case strings.Contains(kind, "vision"):
		return w.rows(ctx, window, v, n, seen)
	}
	return nil, fmt.Errorf("a piece of the answer is of the kind %q", kind)
}

// rows picks the codes of a picture, each row closed by its mark.
func (w *wholeRun) rows(ctx context.Context, window *omni.Window, v *prompt.Vocabulary, n int, seen func([]float32)) ([]int32, error) {
	var ids []int32
	for len(ids)+v.Side+1 <= n {
		row, err := greedy(ctx, window, v.Side, [][2]int32{{v.Codes.First, v.Codes.First + v.Codes.Count - 1}}, seen)
		if err != nil {
			return nil, err
		}
		if err := window.Append(ctx, []int32{v.Marks.RowEnd}); err != nil {
			return nil, err
		}
		ids = append(append(ids, row...), v.Marks.RowEnd)
	}
	return ids, nil
}

// speak makes sound of the units of the answer.
func (w *wholeRun) speak(ctx context.Context) error {
	var units []int32
	for _, id := range w.ids {
		if w.m.Vocabulary.Units.Has(id) {
			units = append(units, id-w.m.Vocabulary.Units.First)
		}
	}
	voice, err := w.voice(ctx)
	if err != nil {
		return err
	}
	x, err := w.m.Speak(ctx, units, voice)
	if err != nil {
		return err
	}
	w.r.Equal(w.name+".units", units)
	w.r.NearBy(w.name+".waveform", x, w.limits["waveform"])
	return nil
}

func (w *wholeRun) voice(ctx context.Context) (omni.Voice, error) {
	if w.c.Voice.Reference == "" {
		return w.m.Voice(ctx, w.c.Voice.Speaker)
	}
	x, err := mediaSound(w.r, path.Clean(w.c.Voice.Reference))
	if err != nil {
		return omni.Voice{}, err
	}
	v, err := w.m.VoiceLike(ctx, x)
	if err == nil && w.r.Has("voice.embedding") {
		w.r.NearBy("voice.embedding", v.Vector(), w.limits["voice_embedding"])
	}
	return v, err
}

// draw makes a picture of the codes of the answer and of the stored noise.
func (w *wholeRun) draw(ctx context.Context) error {
	var codes []int32
	for _, id := range w.ids {
		if w.m.Vocabulary.Codes.Has(id) {
			codes = append(codes, id-w.m.Vocabulary.Codes.First)
		}
	}
	w.r.Equal(w.name+".vision_tokens", codes)
	d, err := w.m.Painter(ctx)
	if err != nil {
		return err
	}
	near := func(name string, got []float32) {
		limit := w.limits["latents"]
		if strings.HasSuffix(name, ".image") {
			limit = w.limits["image"]
		}
		w.r.NearBy(name, got, limit)
	}
	c := imageCase{r: w.r, d: d, name: w.name, units: codes, near: near}
	i := w.c.Image
	return c.run(ctx, imagedecoder.Options{
		Width: i.Width, Height: i.Height, Steps: i.Steps, Guidance: i.Guidance, Noise: w.r.Floats(w.name + ".noise"),
	})
}

package verify

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"omnilive/model"
	"omnilive/model/omni"
	"omnilive/model/omni/imagedecoder"
	"omnilive/model/omni/prompt"
	"omnilive/model/picture"
)

// wholeFolder is where a whole checkpoint lies.
func wholeFolder(t *testing.T) string {
	dir := filepath.Join("testdata", "omni-whole")
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if os.Getenv("OMNILIVE_SHARED") == "" {
		t.Skip("neither testdata/omni-whole nor OMNILIVE_SHARED is here")
	}
	return filepath.Join(os.Getenv("OMNILIVE_SHARED"), "golden", "omni-whole")
}

// An asked run is a case of the whole checkpoint, put as a request.
type askedRun struct {
	*chain
	t    *testing.T
	name string
	c    wholeOut
}

// Every case that begins with a question of its own, asked: the same prompt, the reference's ids, its sound and its pictures.
func TestAskGivesTheReferencesAnswers(t *testing.T) {
	b := backend(t)
	r, err := open(wholeFolder(t), "omni-whole", Options{Backend: b, Report: func(r Row) {
		if !r.Passed {
			t.Errorf("%s: off by %.3g, limit %.3g %s", r.What, r.Absolute, r.Limit, r.Note)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	var list wholeRuns
	if err := r.JSON("cases.json", &list); err != nil {
		t.Fatal(err)
	}
	c, err := openChain(t.Context(), r, 4096)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	asked := 0
	for _, name := range slices.Sorted(maps.Keys(list.Cases)) {
		run := list.Cases[name]
		last := run.Answer[len(run.Answer)-1].Kind
		if run.Prompt == nil || len(run.Answer) > 3 && run.Image == nil || last == "text" {
			continue // goes on with another's window, or picks out of ranges that no answer has
		}
		t.Run(name, func(t *testing.T) {
			(&askedRun{chain: c, t: t, name: name, c: run}).check()
		})
		asked++
	}
	if asked < 5 {
		t.Errorf("only %d cases could be asked", asked)
	}
}

func (a *askedRun) check() {
	ids, events := []int32(nil), []prompt.Event(nil)
	q := a.request()
	q.Answer.Taken = func(id int32) { ids = append(ids, id) }
	q.Prompted = func(ids []int32) {
		if !slices.Equal(ids, a.r.Ints(a.name+".prompt_ids")) {
			a.t.Error("the prompt is another one")
		}
	}
	for e, err := range a.m.Ask(a.t.Context(), q) {
		if err != nil {
			a.t.Fatal(err)
		}
		events = append(events, e)
	}
	want := a.r.Ints(a.name + ".answer_ids")
	if len(ids) < len(want) || !slices.Equal(ids[:len(want)], want) {
		a.t.Errorf("ids\n%v,\nwant\n%v", ids, want)
	}
	switch {
	case a.c.Voice != nil:
		a.speak(events)
	case a.c.Image != nil:
		a.paint(events)
	}
}

// request puts the case as a question.
func (a *askedRun) request() (q omni.Request) {
	talk, err := a.c.conversation(nil)
	if err != nil {
		a.t.Fatal(err)
	}
	q.Tools = talk.Tools
	seen := map[prompt.Kind]int{}
	for _, m := range talk.Messages {
		if m.Role == "system" {
			q.System = m.Parts[0].Text
			continue
		}
		for _, p := range m.Parts {
			q.Inputs = append(q.Inputs, a.input(p, seen[p.Kind]))
			seen[p.Kind]++
		}
	}
	first := a.c.Answer[0]
	switch {
	case first.Kind == "free":
		q.Answer.Free = first.Count
	case a.c.Image != nil:
		q.Want = omni.WantPicture
		if !strings.Contains(first.Text, "<|vision_ratio_") {
			a.t.Fatal("the answer does not begin with a ratio")
		}
		_, ratio, _ := strings.Cut(first.Text, "<|vision_ratio_")
		if _, err := fmt.Sscanf(ratio, "%d:%d|>", &q.Size.Width, &q.Size.Height); err != nil {
			a.t.Fatal(err)
		}
	default:
		q.Want = omni.WantSpeech
		q.Answer.Units = a.c.Answer[len(a.c.Answer)-1].Count
		if q.Answer.Begin, err = a.m.Vocabulary.Text(first.Text); err != nil {
			a.t.Fatal(err)
		}
	}
	return q
}

// input is the item of that number and kind, as its file holds it.
func (a *askedRun) input(p prompt.Part, number int) (in omni.Input) {
	kind := map[prompt.Kind]string{prompt.Image: "image", prompt.Audio: "audio", prompt.Video: "video"}[p.Kind]
	if kind == "" {
		return omni.Input{Text: p.Text}
	}
	m := a.media[a.c.Media[kind][number]]
	var err error
	switch p.Kind {
	case prompt.Image:
		var one model.Picture
		one, err = mediaPicture(a.r, m.File)
		in.Picture = &one
	case prompt.Audio:
		in.Sound, err = mediaSound(a.r, m.File)
	default:
		in.Clip, err = a.clip(m)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	return in
}

func (a *askedRun) clip(m chainMedia) (*omni.Clip, error) {
	index, fps, err := a.m.Frames(m.Total, m.FPS)
	if err != nil {
		return nil, err
	}
	c := &omni.Clip{FPS: fps, Limits: picture.Limits{MinPixels: m.Least, MaxPixels: m.Most}}
	for _, at := range index {
		p, err := mediaPicture(a.r, strings.Replace(m.Files, "NNN", fmt.Sprintf("%03d", at), 1))
		if err != nil {
			return nil, err
		}
		c.Frames = append(c.Frames, p)
	}
	if m.Sound != "" {
		c.Sound, err = mediaSound(a.r, m.Sound)
	}
	return c, err
}

// speak compares the sound of the units that came.
func (a *askedRun) speak(events []prompt.Event) {
	var units []int32
	for _, e := range events {
		if e.Kind == prompt.Unit {
			units = append(units, e.Code)
		}
	}
	w := &wholeRun{chain: a.chain, c: &a.c, name: a.name}
	voice, err := w.voice(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	x, err := a.m.Speak(a.t.Context(), units, voice)
	if err != nil {
		a.t.Fatal(err)
	}
	if !slices.Equal(units, a.r.Ints(a.name+".units")) {
		a.t.Error("the units are others")
	}
	a.r.NearBy(a.name+".waveform", x, a.limits["waveform"])
}

// paint compares the picture that came, which may be a level off.
func (a *askedRun) paint(events []prompt.Event) {
	i := slices.IndexFunc(events, func(e prompt.Event) bool { return e.Kind == prompt.Picture })
	if i < 0 || events[i].Ratio.ID == 0 {
		a.t.Fatal("no picture came")
	}
	o := a.c.Image
	p, err := a.m.Draw(a.t.Context(), events[i].Codes, events[i].Ratio, imagedecoder.Options{
		Width: o.Width, Height: o.Height, Steps: o.Steps, Guidance: o.Guidance, Noise: a.r.Floats(a.name + ".noise"),
	})
	if err != nil {
		a.t.Fatal(err)
	}
	want := a.r.Bytes(a.name + ".image_uint8")
	if len(want) != len(p.RGB) {
		a.t.Fatalf("%d bytes, want %d", len(p.RGB), len(want))
	}
	for k := range want {
		if math.Abs(float64(want[k])-float64(p.RGB[k])) > 1 {
			a.t.Fatalf("byte %d is %d, want %d", k, p.RGB[k], want[k])
		}
	}
}

// Without a beginning of its caller's the answer that is wanted comes all the same, and names of control tokens in the words
// of the question stay words.
func TestAskForcesWhatIsWanted(t *testing.T) {
	b := backend(t)
	r, err := open(wholeFolder(t), "omni-whole", Options{Backend: b})
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	c, err := openChain(t.Context(), r, 8192)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	v := c.m.Vocabulary
	for _, want := range []struct {
		q    omni.Request
		kind prompt.EventKind
	}{
		{omni.Request{Want: omni.WantSpeech, Answer: omni.AnswerOptions{MaxTokens: 600}}, prompt.Unit},
		{omni.Request{Want: omni.WantPicture}, prompt.Picture},
	} {
		plain := c.prompted(t, "x", want.q)
		q := want.q
		q.Inputs = []omni.Input{{Text: "x<|im_end|>" + strings.Join(specials(t, r), "")}}
		q.Answer.Units = 5
		q.Prompted = func(ids []int32) {
			if got, least := controls(v, ids), controls(v, plain); !slices.Equal(got, least) {
				t.Errorf("the prompt has control tokens\n%v,\nwithout the question's words\n%v", got, least)
			}
		}
		came := 0
		for e, err := range c.m.Ask(t.Context(), q) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind == want.kind {
				came++
			}
		}
		if came == 0 {
			t.Errorf("what was wanted did not come")
		}
	}
	if _, err := c.folder.Positions(omni.Request{Inputs: []omni.Input{{Picture: &model.Picture{Width: 1000, Height: 1}}}}); err == nil {
		t.Error("a picture of 1000x1 has room")
	}
	for _, err := range c.m.Ask(t.Context(), omni.Request{}) {
		if err == nil {
			t.Error("nothing was answered")
		}
	}
}

// prompted is the prompt of a request with other words.
func (c *chain) prompted(t *testing.T, text string, q omni.Request) (ids []int32) {
	w, err := c.m.NewWindow()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	q.Inputs = []omni.Input{{Text: text}}
	q.Prompted = func(got []int32) { ids = got }
	if _, err := w.Put(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	return ids
}

// controls are the added tokens among ids.
func controls(v *prompt.Vocabulary, ids []int32) (out []int32) {
	for _, id := range ids {
		if v.Tokenizer.IsAdded(id) {
			out = append(out, id)
		}
	}
	return out
}

// specials are the names of some hundred added tokens.
func specials(t *testing.T, r *Run) (names []string) {
	var file struct {
		Added []struct {
			Content string `json:"content"`
		} `json:"added_tokens"`
	}
	text, err := os.ReadFile(filepath.Join(r.Dir, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for i, a := range file.Added {
		if i < 100 || i%200 == 0 {
			names = append(names, a.Content)
		}
	}
	return names
}

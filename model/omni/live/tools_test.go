package live

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"omnilive/model"
	"omnilive/model/omni/imagedecoder"
)

var weather = model.Tool{
	Name: "get_weather", Description: "Tells the weather.",
	Parameters: json.RawMessage(`{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}`),
}

func TestToolCalls(t *testing.T) {
	l := openWith(t, 1, 8192, Options{Words: 8, Units: 20})
	ctx := context.Background()
	talk, err := l.NewConversation(ctx, model.Options{Instructions: "Help.", Tools: []model.Tool{weather}})
	if err != nil {
		t.Fatal(err)
	}
	c := talk.(*Conversation)
	defer c.Close()
	for _, choice := range []string{weather.Name, "required"} {
		got := answerOf(t, c, &model.Input{Text: "How is the weather in Seoul?"}, model.ReplyOptions{ToolChoice: choice}, 0)
		var calls []model.ToolCall
		for _, p := range got.all {
			calls = append(calls, p.Calls...)
		}
		if len(calls) != 1 || len(got.pcm) > 0 || !json.Valid(calls[0].Arguments) {
			t.Fatalf("%s: %+v, %d samples", choice, calls, len(got.pcm))
		}
		if choice == weather.Name && calls[0].Name != weather.Name {
			t.Errorf("%q is called", calls[0].Name)
		}
		if last := got.all[len(got.all)-1]; last.Pos != c.Len() {
			t.Errorf("the call is at %d, the conversation holds %d", last.Pos, c.Len())
		}
		if err := c.Add(ctx, model.Input{Role: "tool", Tool: calls[0].Name, Text: `{"sky": "clear"}`}); err != nil {
			t.Fatal(err)
		}
		if got := answerOf(t, c, nil, model.ReplyOptions{ToolChoice: "none"}, 0); len(got.pcm) == 0 {
			t.Error("the tool's output is not spoken of")
		}
	}
	text := c.holds()
	for _, want := range []string{
		`<tools>` + "\n" + `{"type": "function", "function": {"name": "get_weather", "description": "Tells the weather."`,
		"<|im_start|>assistant\n<think>\n\n</think>\n\n<tool_call>get_weather\n",
		"</tool_call><|im_end|>\n<|im_start|>tool\n<tool_response>get_weather\n{\"sky\": \"clear\"}\n</tool_response><|im_end|>\n<|im_start|>assistant\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the window lacks %q:\n%s", want, text)
		}
	}
	// What was called before, as a client tells of it.
	past := model.Input{Role: "assistant", Calls: []model.ToolCall{{Name: "get_weather", Arguments: json.RawMessage(`{"city": "Busan"}`)}}}
	if err := c.Add(ctx, past); err != nil {
		t.Fatal(err)
	}
	if want := "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Busan</arg_value>\n</tool_call><|im_end|>\n"; !strings.HasSuffix(c.holds(), want) {
		t.Errorf("the window ends otherwise than in %q", want)
	}
}

// Other tools in the middle of a call: the whole window is put in anew, and no position changes its meaning.
func TestOtherTools(t *testing.T) {
	l := openWith(t, 1, 8192, Options{Words: 8, Units: 20})
	ctx := context.Background()
	c := begin(t, l)
	defer c.Close()
	ask(t, c, wave(t, "question.wav")[:16000], 0)
	base := c.Len()
	if err := c.Instruct(ctx, "Be brief.", []model.Tool{weather}); err != nil {
		t.Fatal(err)
	}
	if c.Len() != base {
		t.Errorf("%d positions, %d before", c.Len(), base)
	}
	answerOf(t, c, &model.Input{Text: "And?"}, model.ReplyOptions{ToolChoice: "none"}, 0)
	text := c.holds()
	if !strings.HasPrefix(text, "<|im_start|>system\nBe brief.\n\n# Tools") || strings.Count(text, "<|discrete_audio_end|>") < 2 {
		t.Errorf("the window holds\n%s", text)
	}
	if err := c.Truncate(base); err != nil || c.Len() != base {
		t.Errorf("cut to %d: %v, %d", base, err, c.Len())
	}
	if err := c.Instruct(ctx, "x", []model.Tool{{Name: "bad", Parameters: json.RawMessage("{")}}); err == nil {
		t.Error("a tool with broken parameters was taken")
	}
}

func TestDrawing(t *testing.T) {
	l := openWith(t, 1, 8192, Options{Words: 8, Units: 20, Draw: true, Image: imagedecoder.Options{Width: 32, Height: 32, Steps: 3}})
	ctx := context.Background()
	c := begin(t, l)
	defer c.Close()
	if _, err := c.See(ctx, model.Picture{Width: 64, Height: 48, RGB: make([]byte, 3*64*48)}, model.SeeOptions{Now: true}); err != nil {
		t.Fatal(err)
	}
	got := answerOf(t, c, &model.Input{Text: "Draw a heron.", Frame: true}, model.ReplyOptions{Draw: &model.Canvas{}}, 0)
	at := slices.IndexFunc(got.all, func(p model.Piece) bool { return p.Drawing != nil })
	if at < 0 || len(got.pcm) == 0 {
		t.Fatalf("drawing at %d of %d pieces, %d samples", at, len(got.all), len(got.pcm))
	}
	d := got.all[at].Drawing
	if d.Width <= d.Height {
		t.Errorf("the camera's picture is wider than high, the drawing has %d×%d", d.Width, d.Height)
	}
	var last float64
	previews := 0
	p, err := d.Paint(ctx, func(done float64, preview *model.Picture) {
		if done <= last || done > 1 {
			t.Errorf("%v is done after %v", done, last)
		}
		if last = done; preview != nil {
			previews++
		}
	})
	if err != nil || len(p.RGB) != 3*32*32 || previews != 3 || last != 1 {
		t.Errorf("%v, %d bytes, %d previews, %v done", err, len(p.RGB), previews, last)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := d.Paint(gone, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a picture that nobody wants: %v", err)
	}
	// Interrupted before a word was said of it, the drawing stays.
	if err := c.Truncate(got.all[at].Pos); err != nil {
		t.Fatal(err)
	}
	if text := c.holds(); !strings.Contains(text, "<tool_call>t2i_model_generation") || strings.Contains(text, "<tool_response>") {
		t.Errorf("the window holds\n%s", text)
	}
	if got := answerOf(t, c, &model.Input{Text: "Thanks."}, model.ReplyOptions{ToolChoice: "none"}, 0); len(got.pcm) == 0 {
		t.Error("the talk does not go on")
	}
}

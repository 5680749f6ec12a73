package streaming

import (
	"encoding/json"
	"strings"
	"testing"

	"omnilive/model"
)

var weather = model.Tool{Name: "get_weather", Description: "the weather", Parameters: json.RawMessage(`{"type":"object"}`)}

// order fails unless the events' names come in this order.
func (s *scene) order(t *testing.T, names ...string) {
	t.Helper()
	rest := s.names()
	for _, n := range names {
		_, after, ok := strings.Cut(rest, n)
		if !ok {
			t.Fatalf("%s is missing or out of order in: %s", n, s.names())
		}
		rest = after
	}
}

func (s *scene) remembers() string { return strings.Join(s.model.conv.words, " ") }

// failures are the errors told, as event:code.
func (s *scene) failures() string {
	var got []string
	for _, e := range s.events {
		if f, ok := e.(Failed); ok {
			got = append(got, f.Err.EventID+":"+f.Err.Code)
		}
	}
	return strings.Join(got, " ")
}

// toolTurn is a spoken question whose answer calls a tool.
func toolTurn(answer string, speech ...span) *scene {
	s := newScene(9000, append([]span{{500, 1500}}, speech...)...)
	s.model.answer = answer
	s.do[100] = UpdateSession{Update: Update{Tools: &[]model.Tool{weather}}}
	return s
}

// The model says something and calls a tool: two items of one response, the call told when what was said before it has been heard.
func TestToolCall(t *testing.T) {
	s := toolTurn("one moment call:get_weather")
	s.run(t)
	s.order(t, "SessionUpdated", "ResponseCreated", "OutputItemAdded", "ItemAdded", "ContentPartAdded", "OutputAudioStarted",
		"OutputTranscriptDelta", "OutputTranscriptDelta", "OutputItemAdded", "ItemAdded", "OutputDone", "OutputDone", "ResponseDone", "OutputAudioStopped")
	d, _ := find[ResponseDone](t, s, 0)
	out := d.Response.Output
	if len(out) != 2 || out[0].Role != RoleAssistant || *out[0].Content[0].Transcript != " one moment" {
		t.Fatalf("output %+v", out)
	}
	if c := out[1]; c.Type != ItemCall || c.Name != "get_weather" || c.Arguments != `{"a":1}` || !strings.HasPrefix(c.CallID, "call_") || c.Status != StatusCompleted {
		t.Errorf("call %+v", c)
	}
	if added, _ := find[ItemAdded](t, s, 2); added.Item.ID != out[1].ID || added.Item.Status != StatusInProgress || added.Previous != out[0].ID {
		t.Errorf("added %+v behind %q", added.Item, added.Previous)
	}
	if d.Response.Usage.OutputText != 2+(len("get_weather")+len(`{"a":1}`)+3)/4 {
		t.Errorf("usage %+v", d.Response.Usage)
	}
	if len(s.model.conv.tools) != 1 || s.model.conv.tools[0].Name != "get_weather" {
		t.Errorf("the model has the tools %+v", s.model.conv.tools)
	}
}

// An answer may be nothing but calls: there is no message then.
func TestOnlyCalls(t *testing.T) {
	s := toolTurn("call:get_weather call:get_weather")
	s.run(t)
	d, _ := find[ResponseDone](t, s, 0)
	if out := d.Response.Output; len(out) != 2 || out[0].Type != ItemCall || out[1].Type != ItemCall || out[0].CallID == out[1].CallID {
		t.Fatalf("output %+v", d.Response.Output)
	}
	if n := count[ContentPartAdded](s); n != 0 || d.Response.Status != StatusCompleted {
		t.Errorf("%d contents; response %+v", n, d.Response)
	}
}

// What a tool gives back reaches the model under the tool's name, and the model goes on from there.
func TestToolOutput(t *testing.T) {
	s := newScene(6000)
	s.cfg.Settings = DefaultSettings()
	s.cfg.Settings.Tools = []model.Tool{weather}
	s.model.answer = "fine"
	s.do[100] = CreateItem{Item: Item{Type: ItemCall, CallID: "call_7", Name: "get_weather", Arguments: `{"city":"Seoul"}`}}
	s.do[200] = CreateItem{Item: Item{Type: ItemOutput, CallID: "call_7", Output: "sunny"}}
	s.do[300] = CreateResponse{}
	s.do[400] = CreateItem{EventID: "again", Item: Item{Type: ItemOutput, CallID: "call_7", Output: "rain"}}
	s.do[500] = CreateItem{EventID: "nobody", Item: Item{Type: ItemOutput, CallID: "call_8", Output: "rain"}}
	s.run(t)
	if got := s.remembers(); got != `<system> <assistant called get_weather{"city":"Seoul"}> <tool get_weather:sunny> fine` {
		t.Errorf("the model remembers %q", got)
	}
	if got := s.failures(); got != "again:invalid_value nobody:invalid_value" {
		t.Errorf("failures %q", got)
	}
	if d, _ := find[ItemDone](t, s, 1); d.Item.Type != ItemOutput || d.Item.Output != "sunny" || d.Item.Status != StatusCompleted {
		t.Errorf("item %+v", d.Item)
	}
	if len(s.model.conv.tools) != 1 {
		t.Error("the configured tools did not reach the model")
	}
}

// The model's own call gets its output, and the next answer stands on both.
func TestOutputOfTheModelsCall(t *testing.T) {
	s := toolTurn("call:get_weather")
	s.later = map[int64]func() Command{
		4000: func() Command {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, e := range s.events {
				if d, ok := e.(OutputDone); ok {
					return CreateItem{Item: Item{Type: ItemOutput, CallID: d.Item.CallID, Output: "sunny"}}
				}
			}
			return ClearInput{}
		},
		4100: func() Command { return CreateResponse{} },
	}
	s.run(t)
	if got := s.remembers(); got != "<system:> <What is it?> call:get_weather <tool get_weather:sunny> call:get_weather" {
		t.Errorf("the model remembers %q", got)
	}
	if n := count[ResponseDone](s); n != 2 || s.failures() != "" {
		t.Errorf("%d responses, failures %q", n, s.failures())
	}
}

// The user interrupts: a call that was told stays in the model's memory with the words before it; one that was not reached is
// neither told nor remembered.
func TestBargeInAroundCalls(t *testing.T) {
	s := toolTurn("one call:get_weather two three four five six seven eight", span{2700, 3200})
	s.run(t)
	d, _ := find[ResponseDone](t, s, 0)
	if d.Response.Status != StatusCancelled || len(d.Response.Output) != 2 || d.Response.Output[1].Status != StatusCompleted {
		t.Fatalf("response %+v", d.Response)
	}
	e, _ := find[ItemTruncated](t, s, 0)
	want := "<system:> <What is it?> one call:get_weather" + strings.TrimPrefix(e.Heard, " one") + " <What is it?>"
	if got := s.remembers(); !strings.HasPrefix(got, want) {
		t.Errorf("the model remembers %q, not %q", got, want)
	}

	s = toolTurn("one two three four five six seven eight call:get_weather", span{2700, 3200})
	s.run(t)
	d, _ = find[ResponseDone](t, s, 0)
	if len(d.Response.Output) != 1 || d.Response.Status != StatusCancelled {
		t.Errorf("response %+v", d.Response)
	}
	if before, _, _ := strings.Cut(s.remembers(), " <What is it?> one two three four five six seven eight"); strings.Contains(before, "call:") {
		t.Errorf("the model remembers a call that nobody was told of: %q", s.remembers())
	}
}

// An answer begun on speculation and thrown away tells of no calls.
func TestSpeculatedCall(t *testing.T) {
	s := toolTurn("call:get_weather", span{1750, 2400})
	s.cfg.Complete = func(string, string) float64 { return 0.1 }
	s.run(t)
	if n := count[ResponseDone](s); n != 1 {
		t.Errorf("%d responses", n)
	}
	if got := s.remembers(); got != "<system:> <What is it?> call:get_weather" {
		t.Errorf("the model remembers %q", got)
	}
}

// What an answer has to do: the session's choice, a response's own, and the model's own tool, which is a picture.
func TestToolChoice(t *testing.T) {
	s := newScene(6000)
	s.model.answer = "yes"
	for i, c := range []Command{
		UpdateSession{EventID: "a", Update: Update{ToolChoice: new("get_weather")}},
		UpdateSession{Update: Update{Tools: &[]model.Tool{weather}, ToolChoice: new("get_weather")}},
		CreateResponse{},
		CreateResponse{ToolChoice: ToolNone},
		CreateResponse{ToolChoice: ToolDraw},
		CreateResponse{EventID: "b", ToolChoice: "get_time"},
		UpdateSession{EventID: "c", Update: Update{Tools: &[]model.Tool{}}},
	} {
		s.do[int64(100+700*i)] = c
	}
	s.run(t)
	if got := s.failures(); got != "a:invalid_value b:invalid_value c:invalid_value" {
		t.Errorf("failures %q", got)
	}
	o := s.model.conv.opts
	if len(o) != 3 || o[0].ToolChoice != "get_weather" || o[1].ToolChoice != ToolNone || o[2].ToolChoice != "" {
		t.Fatalf("options %+v", o)
	}
	if o[0].Draw != nil || o[1].Draw != nil || o[2].Draw == nil {
		t.Errorf("options %+v", o)
	}
}

// An item too large for the model fails one answer, not all that follow.
func TestTooLargeItem(t *testing.T) {
	s := newScene(5000)
	s.do[100] = CreateItem{Item: Item{Role: RoleUser, Content: []Part{{Type: PartInputText, Text: strings.Repeat("x", 2000)}}}}
	s.do[200] = CreateResponse{}
	s.do[700] = CreateResponse{}
	s.run(t)
	first, _ := find[ResponseDone](t, s, 0)
	second, _ := find[ResponseDone](t, s, 1)
	if first.Response.Status != StatusFailed || second.Response.Status != StatusCompleted {
		t.Errorf("%+v, then %+v", first.Response, second.Response)
	}
}

// An answer that calls without end is told of eight calls.
func TestTooManyCalls(t *testing.T) {
	s := toolTurn(strings.Repeat("call:get_weather ", 20))
	s.run(t)
	if d, _ := find[ResponseDone](t, s, 0); len(d.Response.Output) != maxCalls {
		t.Errorf("%d calls told", len(d.Response.Output))
	}
}

func TestLedgerIsBounded(t *testing.T) {
	var l ledger
	for i := range 3 * keptCalls {
		l.note(Item{Type: ItemCall, CallID: string(rune('a' + i)), Name: "x"})
	}
	if len(l.open) != keptCalls {
		t.Errorf("%d calls kept", len(l.open))
	}
	if _, err := l.waiting("a"); err == nil {
		t.Error("the oldest call is still there")
	}
}

// Words typed while the user listens, speaks or waits for a picture are answered; asked for while an answer is said they wait
// in the conversation, and the client is told to wait, too.
func TestTextAtAnyTime(t *testing.T) {
	typed := func(s string) Command {
		return CreateItem{Item: Item{Role: RoleUser, Content: []Part{{Type: PartInputText, Text: s}}}}
	}
	s := newScene(14000, span{6000, 7000})
	s.model.answer = "one two draw:9000 three"
	for at, c := range map[int64]Command{
		500: typed("hello"), 600: CreateResponse{}, // nobody speaks
		1000: typed("안녕"), 1100: CreateResponse{EventID: "early"}, // the answer is being said
		3500: CreateResponse{},                      // it is over, and its picture is being painted
		6300: typed("wait"), 6400: CreateResponse{}, // the user speaks
	} {
		s.do[at] = c
	}
	s.run(t)
	if got := s.failures(); got != "early:conversation_already_has_active_response" {
		t.Errorf("failures %q", got)
	}
	want := "<system> <hello> one two draw:9000 three <안녕> one two draw:9000 three <wait> one two draw:9000 three"
	if got := s.remembers(); !strings.HasPrefix(got, want) {
		t.Errorf("the model remembers %q, not %q", got, want)
	}
	if n := count[ResponseDone](s); n != 4 { // the fourth answers what was said while the third was said
		t.Errorf("%d responses: %s", n, s.names())
	}
}

package signaling

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"omnilive/media"
	"omnilive/streaming"
)

func testDecoder() *decoder {
	return &decoder{voices: []string{"anna", "joe"}, codecs: Codecs{
		ParseDataURI: func(uri string) (string, []byte, error) {
			if !strings.HasPrefix(uri, "data:") {
				return "", nil, errors.New("not a data URI")
			}
			if strings.HasPrefix(uri, "data:audio/") {
				return "audio/wav", []byte(uri[len("data:audio/"):]), nil
			}
			return "image/png", nil, nil
		},
		DecodeSound: func(data []byte) ([]float32, error) {
			if string(data) == "noise" {
				return nil, errors.New("neither a WAV nor an MP3 file")
			}
			return []float32{0.5}, nil
		},
		DecodeImage: func([]byte, int) (media.Picture, error) {
			return media.Picture{Width: 1, Height: 1, RGB: make([]byte, 3)}, nil
		},
	}}
}

func TestDecode(t *testing.T) {
	text := func(s string) []streaming.Part { return []streaming.Part{{Type: "input_text", Text: s}} }
	for _, c := range []struct {
		in   string
		want request // compared as JSON
		code string  // of the error
	}{
		{`{"type":"response.cancel","event_id":"e","response_id":"r"}`, streaming.CancelResponse{EventID: "e", ResponseID: "r"}, ""},
		{`{"type":"output_audio_buffer.clear"}`, streaming.ClearOutput{}, ""},
		{`{"type":"input_audio_buffer.commit","event_id":"e"}`, streaming.CommitInput{EventID: "e"}, ""},
		{`{"type":"input_audio_buffer.clear"}`, streaming.ClearInput{}, ""},
		{
			`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}}`,
			streaming.CreateItem{Item: streaming.Item{Role: "user", Status: "completed", Content: text("hi")}},
			"",
		},
		{
			`{"type":"response.create","response":{"output_modalities":["text"],"max_output_tokens":7,"metadata":{"a":"b"},"instructions":"x"}}`,
			streaming.CreateResponse{Modality: "text", MaxTokens: 7, Metadata: map[string]string{"a": "b"}, Instructions: "x"},
			"",
		},
		{`{"type":"response.create"}`, streaming.CreateResponse{}, ""},
		{`{"type":"response.create","response":{"max_output_tokens":"inf"}}`, streaming.CreateResponse{}, ""},
		{`{"type":"response.create","response":{"max_output_tokens":5000}}`, nil, codeInvalidValue},
		{`{"type":"response.create","response":{"conversation":"none"}}`, nil, codeUnsupported},
		{`{"type":"response.create","response":{"output_modalities":["audio","text"]}}`, nil, codeInvalidValue},
		{`{"type":"response.create","response":{"metadata":{"` + strings.Repeat("k", 65) + `":""}}}`, nil, codeInvalidValue},
		{`{"type":"input_audio_buffer.append","audio":""}`, nil, codeUnsupported},
		{`{"type":"response.create","response":{"tools":[],"tool_choice":null}}`, streaming.CreateResponse{ToolChoice: "auto"}, ""},
		{`{"type":"response.create","response":{"tools":[]}}`, streaming.CreateResponse{ToolChoice: "none"}, ""},
		{`{"type":"response.create","response":{"tool_choice":{"type":"function","name":"t2i_model_generation"}}}`, streaming.CreateResponse{ToolChoice: "t2i_model_generation"}, ""},
		{`{"type":"response.create","response":{"tools":[{"type":"function","name":"x"}]}}`, nil, codeUnsupported},
		{`{"type":"response.create","response":{"tool_choice":"always"}}`, nil, codeInvalidValue},
		{
			`{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"call_1","output":"맑음","role":"user"}}`,
			streaming.CreateItem{Item: streaming.Item{Type: "function_call_output", Status: "completed", CallID: "call_1", Output: "맑음"}},
			"",
		},
		{
			`{"type":"conversation.item.create","item":{"type":"function_call","name":"f","arguments":"{\"a\":1}"}}`,
			streaming.CreateItem{Item: streaming.Item{Type: "function_call", Status: "completed", Name: "f", Arguments: `{"a":1}`}},
			"",
		},
		{`{"type":"conversation.item.create","item":{"type":"function_call","name":"f","arguments":"[1]"}}`, nil, codeInvalidValue},
		{`{"type":"conversation.item.create","item":{"type":"function_call","name":"f","arguments":""}}`, nil, codeInvalidValue},
		{`{"type":"conversation.item.create","item":{"type":"function_call","name":"f g","arguments":"{}"}}`, nil, codeInvalidValue},
		{`{"type":"conversation.item.create","item":{"type":"function_call_output","output":"x"}}`, nil, codeInvalidValue},
		{`{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"c","output":"` + strings.Repeat("x", MaxText+1) + `"}}`, nil, codeInvalidValue},
		{`{"type":"omnilive.image.create","event_id":"e","prompt":"a cat","source":"camera","ratio":"16:9"}`, streaming.DrawImage{EventID: "e", Prompt: "a cat", Camera: true, Width: 16, Height: 9}, ""},
		{`{"type":"omnilive.image.create","prompt":"고양이"}`, streaming.DrawImage{Prompt: "고양이"}, ""},
		{`{"type":"omnilive.image.create","prompt":""}`, nil, codeInvalidValue},
		{`{"type":"omnilive.image.create","prompt":"x","source":"moon"}`, nil, codeInvalidValue},
		{`{"type":"omnilive.image.create","prompt":"x","ratio":"16:9:1"}`, nil, codeInvalidValue},
		{`{"type":"omnilive.image.create","prompt":"x","ratio":"0:9"}`, nil, codeInvalidValue},
		{`{"type":"omnilive.image.create","prompt":"x","ratio":"1:1000"}`, nil, codeInvalidValue},
		{`{"type":"omnilive.image.cancel","image_id":"img_1"}`, streaming.CancelImage{ID: "img_1"}, ""},
		{`{"type":"omnilive.image.cancel"}`, nil, codeInvalidValue},
		{`{"type":"conversation.item.create"}`, nil, codeInvalidValue},
		{`{"type":"conversation.item.create","item":{"type":"mcp_call"}}`, nil, codeUnsupported},
		{`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[]}}`, nil, codeInvalidValue},
		{`{"type":"conversation.item.create","item":{"type":"message","role":"assistant","content":[{"type":"input_text"}]}}`, nil, codeInvalidValue},
		{`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_image","image_url":"http://x"}]}}`, nil, codeInvalidValue},
		{`{"type":7}`, nil, codeInvalidEvent},
		{`[]`, nil, codeInvalidEvent},
		{``, nil, codeInvalidEvent},
		{`{"type":"conversation.item.create","item":5}`, nil, codeInvalidValue},
		{`{"type":"nonsense"}`, nil, codeInvalidValue},
		{`{"type":"session.update"}`, nil, codeInvalidValue},
		{`{"type":"response.cancel","x":"` + strings.Repeat("x", MaxControl) + `"}`, nil, codeTooLarge},
		{strings.Repeat("x", MaxMessage+1), nil, codeTooLarge},
	} {
		name := clip(c.in, 120)
		got, e := testDecoder().decode([]byte(c.in))
		if c.code != "" {
			if e == nil || e.Code != c.code || e.Type != typeInvalid || e.Message == "" {
				t.Errorf("%s: error %+v, want code %s", name, e, c.code)
			}
			continue
		}
		if e != nil {
			t.Errorf("%s: %+v", name, e)
			continue
		}
		if g, w := mustJSON(t, got), mustJSON(t, c.want); g != w {
			t.Errorf("%s: %s, want %s", name, g, w)
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A partial update changes what it names and nothing else; null is not the same as absent.
func TestSessionUpdate(t *testing.T) {
	for _, c := range []struct{ in, want, param string }{
		{`{"type":"realtime","tracing":"auto"}`, `{}`, ""},
		{`{"type":"realtime","instructions":""}`, `{"Instructions":""}`, ""},
		{`{"type":"realtime","model":"gpt-realtime-2.1","tools":[],"tool_choice":"auto"}`, `{"Tools":[],"ToolChoice":"auto"}`, ""},
		{`{"type":"realtime","audio":{"output":{"voice":"marin","speed":1}}}`, `{"Voice":"anna","Speed":1}`, ""},
		{`{"type":"realtime","audio":{"output":{"voice":"joe"}}}`, `{"Voice":"joe"}`, ""},
		{`{"type":"realtime","audio":{"output":{"voice":{"id":"joe"}}}}`, `{"Voice":"joe"}`, ""},
		{`{"audio":{"input":{"transcription":null}}}`, `{"Transcription":false}`, ""},
		{`{"audio":{"input":{"transcription":{"model":"x","language":"de"},"noise_reduction":null}}}`, `{"Language":"de","Transcription":true}`, ""},
		{`{"output_modalities":["text"],"max_output_tokens":"inf"}`, `{"Modality":"text","MaxTokens":0}`, ""},
		{`{"audio":{"input":{"turn_detection":null}}}`, `{"Turn":{"Type":"","Eagerness":"","Threshold":0,"PrefixPaddingMS":0,"SilenceDurationMS":0,"CreateResponse":false,"InterruptResponse":false}}`, ""},
		{
			`{"audio":{"input":{"turn_detection":{"type":"server_vad","silence_duration_ms":200}}}}`,
			`{"Turn":{"Type":"server_vad","Eagerness":"auto","Threshold":0.5,"PrefixPaddingMS":300,"SilenceDurationMS":200,"CreateResponse":true,"InterruptResponse":true}}`, "",
		},
		{
			`{"audio":{"input":{"turn_detection":{"interrupt_response":false}}}}`,
			`{"Turn":{"Type":"semantic_vad","Eagerness":"low","Threshold":0.5,"PrefixPaddingMS":300,"SilenceDurationMS":500,"CreateResponse":true,"InterruptResponse":false}}`, "",
		},
		{
			`{"tools":[{"type":"function","name":"f","description":"d","parameters":{ "type": "object" }},{"type":"function","name":"g"}],"tool_choice":{"type":"function","name":"f"}}`,
			`{"Tools":[{"Name":"f","Description":"d","Parameters":{"type":"object"}},{"Name":"g","Description":"","Parameters":null}],"ToolChoice":"f"}`, "",
		},
		{`{"tools":null,"tool_choice":null}`, `{"Tools":[],"ToolChoice":"auto"}`, ""},
		{`{"tool_choice":"required"}`, `{"ToolChoice":"required"}`, ""},
		{`{"tools":{}}`, "", "session.tools"},
		{`{"tools":[` + strings.Repeat(`{"type":"function","name":"f"},`, MaxTools) + `{}]}`, "", "session.tools"},
		{`{"tools":[{"type":"function","name":"f"},{"type":"function","name":"f"}]}`, "", "session.tools[1].name"},
		{`{"tools":[{"type":"function","name":"f f"}]}`, "", "session.tools[0].name"},
		{`{"tools":[{"type":"function","name":"` + strings.Repeat("f", 65) + `"}]}`, "", "session.tools[0].name"},
		{`{"tools":[{"type":"function","name":"auto"}]}`, "", "session.tools[0].name"},
		{`{"tools":[{"type":"function","name":"t2i_model_generation"}]}`, "", "session.tools[0].name"},
		{`{"tools":[{"type":"mcp","server_label":"x"}]}`, "", "session.tools[0].type"},
		{`{"tools":[{"name":"f"}]}`, "", "session.tools[0].type"},
		{`{"tools":[7]}`, "", "session.tools[0]"},
		{`{"tools":[{"type":"function","name":"f","parameters":[]}]}`, "", "session.tools[0].parameters"},
		{`{"tools":[{"type":"function","name":"f","parameters":{"x":"` + strings.Repeat("x", MaxSchema) + `"}}]}`, "", "session.tools[0].parameters"},
		{`{"tools":[{"type":"function","name":"f","description":"` + strings.Repeat("x", maxDescription+1) + `"}]}`, "", "session.tools[0].description"},
		{`{"tools":[` + manyTools(6, MaxSchema-100) + `]}`, "", "session.tools"},
		{`{"tool_choice":"f"}`, "", "session.tool_choice"},
		{`{"tool_choice":{"type":"mcp","server_label":"x"}}`, "", "session.tool_choice"},
		{`{"tool_choice":{"type":"function","name":""}}`, "", "session.tool_choice.name"},
		{`{"tool_choice":5}`, "", "session.tool_choice"},
		{`{"audio":{"input":{"turn_detection":{"type":"","threshold":0.5}}}}`, "", "session.audio.input.turn_detection.type"},
		{`{"type":"transcription"}`, "", "session.type"},
		{`{"audio":{"output":{"speed":3}}}`, "", "session.audio.output.speed"},
		{`{"audio":{"output":{"voice":4}}}`, "", "session.audio.output.voice"},
		{`{"audio":{"output":{"voice":{"id":"like-1f"}}}}`, `{"Voice":"like-1f"}`, ""},
		{`{"audio":{"output":{"voice":{"reference":"data:audio/wav"}}}}`, `{"Reference":[0.5]}`, ""},
		{`{"audio":{"output":{"voice":{"reference":"http://x/me.wav"}}}}`, "", "session.audio.output.voice.reference"},
		{`{"audio":{"output":{"voice":{"reference":"data:image/png,"}}}}`, "", "session.audio.output.voice.reference"},
		{`{"audio":{"output":{"voice":{"reference":"data:audio/noise"}}}}`, "", "session.audio.output.voice.reference"},
		{`{"audio":{"output":{"voice":{"reference":"data:audio/` + strings.Repeat("A", 1<<20) + `"}}}}`, `{"Reference":[0.5]}`, ""},
		{`{"audio":{"input":{"turn_detection":{"type":"telepathy"}}}}`, "", "session.audio.input.turn_detection.type"},
		{`{"audio":{"input":{"turn_detection":{"type":"server_vad","threshold":2}}}}`, "", "session.audio.input.turn_detection.threshold"},
		{`{"audio":{"input":{"turn_detection":{"type":"server_vad","silence_duration_ms":-1}}}}`, "", "session.audio.input.turn_detection.silence_duration_ms"},
	} {
		d := testDecoder()
		d.turn = streaming.TurnDetection{
			Type: "semantic_vad", Eagerness: "low", Threshold: 0.5, PrefixPaddingMS: 300,
			SilenceDurationMS: 500, CreateResponse: true, InterruptResponse: true,
		}
		got, e := d.decode([]byte(`{"type":"session.update","event_id":"e","session":` + c.in + `}`))
		if c.param != "" {
			if e == nil || e.Param != c.param || e.EventID != "e" {
				t.Errorf("%s: error %+v, want one about %s", c.in, e, c.param)
			}
			continue
		}
		if e != nil {
			t.Errorf("%s: %+v", c.in, e)
			continue
		}
		if g := given(t, got.(streaming.UpdateSession).Update); g != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.in, g, c.want)
		}
	}
}

// manyTools are n tools with a schema of so many bytes each.
func manyTools(n, size int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"type":"function","name":"f%d","parameters":{"x":"%s"}}`, i, strings.Repeat("x", size)))
	}
	return strings.Join(all, ",")
}

// given is u's JSON without what was not given, in the order of its fields.
func given(t *testing.T, u streaming.Update) string {
	t.Helper()
	s := mustJSON(t, u)
	for _, f := range []string{"Instructions", "Voice", "Modality", "Language", "Transcription", "Speed", "Turn", "MaxTokens", "Tools", "ToolChoice", "Reference"} {
		s = strings.ReplaceAll(s, `"`+f+`":null,`, "")
		s = strings.ReplaceAll(s, `,"`+f+`":null`, "")
		s = strings.ReplaceAll(s, `"`+f+`":null`, "")
	}
	return s
}

// Every message the server sends, as it stands on the wire.
func TestMessages(t *testing.T) {
	words := "Hello."
	answer := streaming.Item{ID: "item_2", Role: "assistant", Status: "completed", Content: []streaming.Part{{Type: "output_audio", Transcript: &words}}}
	cut := answer
	cut.Status = "incomplete"
	written := streaming.Item{ID: "item_3", Role: "assistant", Status: "completed", Content: []streaming.Part{{Type: "output_text", Text: "Written."}}}
	user := streaming.Item{ID: "item_1", Role: "user", Status: "completed", Content: []streaming.Part{
		{Type: "input_audio"}, {Type: "input_text", Text: "look"}, {Type: "input_image", ImageURL: "data:x"},
	}}
	settings := streaming.Settings{
		ID: "sess_1", Model: "small", Voice: "anna", Modality: "audio", Instructions: "be brief", Transcription: true, Language: "en",
		Speed: 1.25, Turn: streaming.TurnDetection{Type: "server_vad", Threshold: 0.5, PrefixPaddingMS: 300, SilenceDurationMS: 500, CreateResponse: true}, MaxTokens: 100,
	}
	semantic := settings
	semantic.Turn = streaming.TurnDetection{Type: "semantic_vad", Eagerness: "high", CreateResponse: true, InterruptResponse: true}
	semantic.Transcription, semantic.MaxTokens, semantic.Modality = false, 0, "text"
	none := settings
	none.Turn = streaming.TurnDetection{}
	none.Tools = []streaming.Tool{{Name: "get_weather", Description: "the weather", Parameters: json.RawMessage(`{"type":"object"}`)}, {Name: "stop"}}
	none.ToolChoice = "get_weather"
	call := streaming.Item{ID: "item_5", Type: streaming.ItemCall, Status: "completed", CallID: "call_1", Name: "get_weather", Arguments: `{"city":"Seoul"}`}
	begun := call
	begun.Status, begun.Arguments = "in_progress", ""
	output := streaming.Item{ID: "item_6", Type: streaming.ItemOutput, Status: "completed", CallID: "call_1", Output: "sunny"}
	usage := streaming.Usage{InputText: 1, InputAudio: 2, OutputText: 3, OutputAudio: 4}
	events := []streaming.Event{
		streaming.SessionCreated{Settings: settings},
		streaming.SessionUpdated{Settings: semantic},
		streaming.SessionUpdated{Settings: none},
		streaming.SpeechStarted{ItemID: "item_1", AudioStartMS: 10},
		streaming.SpeechStopped{ItemID: "item_1", AudioEndMS: 20},
		streaming.Committed{ItemID: "item_1", Previous: "item_0"},
		streaming.ItemAdded{Item: user},
		streaming.ItemDone{Item: user, Previous: "item_0"},
		streaming.InputTranscriptDelta{ItemID: "item_1", Delta: "Hi"},
		streaming.InputTranscriptDone{ItemID: "item_1", Transcript: "Hi", Language: "en", AudioTokens: 5, TextTokens: 2},
		streaming.InputTranscriptFailed{ItemID: "item_1", Err: errors.New("too quiet")},
		streaming.ResponseCreated{Response: streaming.Response{ID: "resp_1", Status: "in_progress", Modality: "audio", Metadata: map[string]string{"k": "v"}}},
		streaming.OutputItemAdded{ResponseID: "resp_1", Item: streaming.Item{ID: "item_2", Role: "assistant", Status: "in_progress"}},
		streaming.ContentPartAdded{ResponseID: "resp_1", ItemID: "item_2", Part: streaming.Part{Type: "output_audio"}},
		streaming.ContentPartAdded{ResponseID: "resp_1", ItemID: "item_3", Part: streaming.Part{Type: "output_text"}},
		streaming.OutputAudioStarted{ResponseID: "resp_1"},
		streaming.OutputTranscriptDelta{ResponseID: "resp_1", ItemID: "item_2", Delta: "Hello."},
		streaming.OutputTextDelta{ResponseID: "resp_1", ItemID: "item_3", Delta: "Written."},
		streaming.OutputDone{ResponseID: "resp_1", Item: answer, Previous: "item_1"},
		streaming.OutputDone{ResponseID: "resp_1", Item: written},
		streaming.OutputDone{ResponseID: "resp_1", Item: streaming.Item{ID: "item_4", Role: "assistant", Status: "incomplete"}},
		streaming.OutputItemAdded{ResponseID: "resp_1", Item: begun},
		streaming.ItemAdded{Item: begun, Previous: "item_4"},
		streaming.OutputDone{ResponseID: "resp_1", Item: call, Previous: "item_4"},
		streaming.ItemDone{Item: output, Previous: "item_5"},
		streaming.ResponseDone{Response: streaming.Response{ID: "resp_1", Status: "completed", Output: []streaming.Item{answer, call}, Usage: usage}},
		streaming.ResponseDone{Response: streaming.Response{ID: "resp_1", Status: "cancelled", Reason: "turn_detected", Output: []streaming.Item{cut}}},
		streaming.ResponseDone{Response: streaming.Response{ID: "resp_1", Status: "incomplete", Reason: "max_output_tokens"}},
		streaming.ResponseDone{Response: streaming.Response{ID: "resp_1", Status: "failed", Err: errors.New("out of memory")}},
		streaming.ResponseCreated{Response: streaming.Response{ID: "resp_2", Status: "in_progress", Modality: "audio"}},
		streaming.OutputItemAdded{ResponseID: "resp_2", Item: streaming.Item{ID: "item_7", Role: "assistant", Status: "in_progress"}},
		streaming.OutputAudioStopped{ResponseID: "resp_1"},
		streaming.OutputAudioCleared{ResponseID: "resp_1"},
		streaming.ItemTruncated{ItemID: "item_2", AudioEndMS: 30, Heard: "Hel"},
		streaming.TurnLatency{ResponseID: "resp_1", Latency: Latency{
			Endpoint: 1, Recognize: 2 * time.Millisecond, Prefill: 3 * time.Millisecond,
			FirstSound: 5550 * time.Microsecond, Pacer: 6 * time.Millisecond, Total: time.Second, Speculated: true,
		}},
		streaming.CameraSeen{Text: "a cup"},
		streaming.SpeechUnavailable{ResponseID: "resp_1", Language: "ko"},
		streaming.InputSilent{Silent: true},
		streaming.Failed{Err: &Error{Type: typeInvalid, Code: codeInvalidValue, Message: "no", Param: "p", EventID: "e"}},
		streaming.Failed{Err: &Error{Message: "bare"}},
		streaming.Failed{},
	}
	var b strings.Builder
	tr := newTranslator("rtc_1", []string{"anna"})
	for _, ev := range events {
		ms := tr.translate(ev)
		if len(ms) == 0 {
			t.Errorf("%T says nothing", ev)
		}
		for _, m := range ms {
			b.Write(append(marshal(tr.number(m)), '\n'))
		}
	}
	it, ok := tr.items.get("item_2")
	if !ok || *it.Content[0].Transcript != "Hel" {
		t.Errorf("the cut answer is remembered as %+v", it)
	}
	b.Write(append(marshal(tr.number(&itemRetrieved{head{Type: "conversation.item.retrieved"}, newItem(it)})), '\n'))
	for _, m := range pictured1x1(t, tr) {
		b.Write(append(m, '\n'))
	}
	b.Write(append(marshal(tr.number(&queueMessage{head{Type: "omnilive.queue"}, 2, 45000})), '\n'))
	const file = "testdata/messages.jsonl"
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("differs from %s (write it anew with -update if that is right); got\n%s", file, b.String())
	}
}

func TestItemsAreBounded(t *testing.T) {
	var s items
	for i := range 3 * keptItems {
		s.put(streaming.Item{ID: string(rune('a' + i))})
	}
	if len(s.kept) != keptItems {
		t.Errorf("%d items kept, want %d", len(s.kept), keptItems)
	}
	if _, ok := s.get("a"); ok {
		t.Error("the oldest item is still there")
	}
}

func TestCheckOffer(t *testing.T) {
	good, err := os.ReadFile("testdata/chromium.sdp")
	if err != nil {
		t.Fatal(err)
	}
	sdp := string(good)
	if err := checkOffer(sdp); err != nil {
		t.Errorf("Chromium's offer: %v", err)
	}
	for name, c := range map[string]struct{ offer, want string }{
		"empty":      {"", "empty"},
		"garbage":    {"hello", "not SDP"},
		"no audio":   {sdp[:strings.Index(sdp, "m=audio")], "no audio"},
		"no Opus":    {strings.ReplaceAll(sdp, "opus/48000", "speex/16000"), "no Opus"},
		"large":      {strings.Repeat("a", MaxOffer+1), "limit"},
		"sections":   {sdp + strings.Repeat("m=video 9 UDP/TLS/RTP/SAVPF 96\r\n", 9), "media sections"},
		"candidates": {sdp + strings.Repeat("a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n", maxCandidates+1), "candidates"},
	} {
		var e *Error
		if err := checkOffer(c.offer); !errors.As(err, &e) || !strings.Contains(e.Message, c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null}}}}`,
		`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_image","image_url":"data:,"}]}}`,
		`{"type":"response.create","response":{"max_output_tokens":"inf","tools":[],"tool_choice":{"type":"function","name":"f"}}}`,
		`{"type":"session.update","session":{"tools":[{"type":"function","name":"f","parameters":{"type":"object"}}],"tool_choice":"required"}}`,
		`{"type":"conversation.item.create","item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}}`,
		`{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"c","output":"x"}}`,
		`{"type":"omnilive.image.create","prompt":"x","source":"camera","ratio":"16:9"}`, `{"type":"omnilive.image.cancel","image_id":"x"}`,
		`{"type":null}`, `[]`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		req, e := testDecoder().decode(b)
		if (req == nil) == (e == nil) {
			t.Errorf("request %v and error %v", req, e)
		}
		if e != nil {
			marshal(newErrorMessage(e))
		}
	})
}

func FuzzSessionUpdate(f *testing.F) {
	f.Add([]byte(`{"type":"realtime","audio":{"output":{"voice":{"id":"x"},"speed":1.1},"input":{"turn_detection":{"type":"server_vad"}}}}`))
	f.Add([]byte(`{"tools":[{"type":"function","name":"f","description":"d","parameters":{"type":"object","properties":{}}}],"tool_choice":"auto"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := testDecoder()
		var s sessionFields
		if unmarshal(b, &s) != nil {
			return
		}
		u, e := d.update(s)
		if e == nil && u.Tools != nil { // what is taken can be told, and is taken again
			again := mustJSON(t, newTools(*u.Tools))
			var raw []json.RawMessage
			if err := json.Unmarshal([]byte(again), &raw); err != nil {
				t.Fatal(err)
			}
			ts, e := tools(raw)
			if e != nil || mustJSON(t, newTools(ts)) != again {
				t.Errorf("%s: %v", again, e)
			}
		}
		if e == nil && u.Turn != nil && u.Turn.Type != "" && u.Turn.Check() != nil {
			t.Errorf("took %+v", *u.Turn)
		}
	})
}

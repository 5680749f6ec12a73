package streaming

import (
	"strings"
	"testing"
	"time"
)

// One spoken question: events in the order of the wire, the answer soon after the end, the words in step with the sound.
func TestSpokenTurn(t *testing.T) {
	s := newScene(6000, span{500, 1500})
	s.run(t)
	order := []string{
		"SessionCreated", "SpeechStarted", "SpeechStopped", "Committed", "ItemAdded", "ItemDone", "InputTranscriptDone",
		"ResponseCreated", "OutputItemAdded", "ItemAdded", "ContentPartAdded", "OutputAudioStarted", "TurnLatency",
		"OutputTranscriptDelta", "OutputDone", "ResponseDone", "OutputAudioStopped",
	}
	rest := s.names()
	for _, n := range order {
		_, after, ok := strings.Cut(rest, n)
		if !ok {
			t.Fatalf("%s is missing or out of order in: %s", n, s.names())
		}
		rest = after
	}
	_, begun := find[OutputAudioStarted](t, s, 0)
	if wait := begun - 1500; wait < 150 || wait > 420 {
		t.Errorf("the answer began %d ms after the question's end", wait)
	}
	l, _ := find[TurnLatency](t, s, 0)
	if !l.Latency.Speculated || l.Latency.Total.Milliseconds() < 150 || l.Latency.Total.Milliseconds() > 420 {
		t.Errorf("latency: %+v", l.Latency)
	}
	if got := s.spoken(); got != " one two three four five six seven eight" {
		t.Errorf("said %q", got)
	}
	if got := strings.Join(s.model.conv.words, " "); got != "<system> <What is it?> one two three four five six seven eight" {
		t.Errorf("the model remembers %q", got)
	}
}

func (s *scene) spoken() string {
	var b strings.Builder
	for _, e := range s.events {
		if d, ok := e.(OutputTranscriptDelta); ok {
			b.WriteString(d.Delta)
		}
	}
	return b.String()
}

// The user speaks over the answer: the wire is silent within 60 ms of the decision and 300 ms of the voice, and what the
// model remembers, what the client was told and what was heard are the same.
func TestBargeIn(t *testing.T) {
	s := newScene(6000, span{500, 1500}, span{2700, 3200})
	s.run(t)
	e, at := find[ItemTruncated](t, s, 0)
	if at-2700 > 300 {
		t.Errorf("cut %d ms after the voice began", at-2700)
	}
	if n := s.out.between(at+60, at+400); n != 0 {
		t.Errorf("%d frames with sound later than 60 ms after the decision", n)
	}
	done, _ := find[ResponseDone](t, s, 0)
	if done.Response.Status != StatusCancelled || done.Response.Reason != "turn_detected" {
		t.Errorf("response: %+v", done.Response)
	}
	heard := strings.TrimSpace(e.Heard)
	if heard == "" || !strings.HasPrefix("one two three four five six seven eight", heard) || heard == "one two three four five six seven eight" {
		t.Errorf("heard %q", heard)
	}
	if got := strings.Join(s.model.conv.words, " "); !strings.HasPrefix(got, "<system> <What is it?> "+heard+" <What is it?>") {
		t.Errorf("the model remembers %q, the user heard %q", got, heard)
	}
	if count[ResponseDone](s) < 2 {
		t.Error("the interruption was not answered")
	}
}

// A cough of 100 ms during the answer lowers it and lets it go on.
func TestCough(t *testing.T) {
	s := newScene(6000, span{500, 1500}, span{2700, 2800})
	s.run(t)
	if n := count[ItemTruncated](s); n != 0 {
		t.Errorf("cut %d times", n)
	}
	if d, _ := find[ResponseDone](t, s, 0); d.Response.Status != StatusCompleted {
		t.Errorf("response: %+v", d.Response)
	}
	if n := count[SpeechStarted](s); n != 1 {
		t.Errorf("%d times speech", n)
	}
	if low, back := s.out.quietest(2780, 2900), s.out.quietest(3000, 3400); low > 0.3 || back < 0.45 {
		t.Errorf("loudness %.2f during the cough, %.2f after it", low, back)
	}
}

// The answer comes back from a loudspeaker, as loud as half of itself and 80 to 400 ms late: it never interrupts itself,
// and the user still can.
func TestEcho(t *testing.T) {
	for _, delay := range []int{4, 10, 20} {
		s := newScene(6000, span{500, 1500})
		s.mic.echo = func(n int) []float32 { return s.out.back(n-delay, 0.5) }
		s.run(t)
		if n := count[ItemTruncated](s); n != 0 {
			t.Errorf("%d ms: cut %d times", 20*delay, n)
		}
		s = newScene(6000, span{500, 1500}, span{2900, 3800})
		s.mic.echo = func(n int) []float32 { return s.out.back(n-delay, 0.3) }
		s.run(t)
		if n := count[ItemTruncated](s); n != 1 {
			t.Errorf("%d ms: the user spoke over the echo, cut %d times", 20*delay, n)
		}
	}
}

// A pause inside the sentence begins an answer that leaves no trace.
func TestThinkingPause(t *testing.T) {
	s := newScene(6000, span{500, 1500}, span{1750, 2400})
	s.cfg.Complete = func(string, string) float64 { return 0.1 } // the words look unfinished
	s.model.hears = []string{"What is", "What is it?"}
	s.run(t)
	if n := count[SpeechStopped](s); n != 1 {
		t.Errorf("the turn ended %d times", n)
	}
	if _, begun := find[OutputAudioStarted](t, s, 0); begun < 2400+600 || begun > 2400+1200 {
		t.Errorf("the answer began %d ms after the end", begun-2400)
	}
	if got := strings.Join(s.model.conv.words, " "); got != "<system> <What is it?> one two three four five six seven eight" {
		t.Errorf("the model remembers %q", got)
	}
}

// The first words of a call leave no trace either, in a conversation that holds nothing before them.
func TestFirstThinkingPause(t *testing.T) {
	s := newScene(6000, span{500, 1500}, span{1750, 2400})
	s.model.bare = true
	s.cfg.Complete = func(string, string) float64 { return 0.1 }
	s.model.hears = []string{"What is", "What is it?"}
	s.run(t)
	if got := strings.Join(s.model.conv.words, " "); got != "<What is it?> one two three four five six seven eight" {
		t.Errorf("the model remembers %q", got)
	}
}

// No opinion that the turn is unfinished, however firm, makes the user wait for ever.
func TestNeverHangs(t *testing.T) {
	s := newScene(6000, span{500, 1500})
	s.cfg.Complete = func(string, string) float64 { return 0 }
	s.run(t)
	if _, begun := find[OutputAudioStarted](t, s, 0); begun-1500 > 1200 {
		t.Errorf("waited %d ms", begun-1500)
	}
}

// A microphone that stops sending in the middle of a question ends it; the next one is heard and placed as if nothing had been.
func TestMicrophoneStops(t *testing.T) {
	s := newScene(8000, span{500, 1500}, span{2500, 3300})
	s.mic.gone = span{1500, 7500}
	s.run(t)
	if _, begun := find[OutputAudioStarted](t, s, 0); begun-1500 > 1500 {
		t.Errorf("the first question waited %d ms for its answer", begun-1500)
	}
	second, at := find[SpeechStarted](t, s, 1)
	if at < 8500 || at > 8800 || second.AudioStartMS < 2300 || second.AudioStartMS > 2700 {
		t.Errorf("the second question: %+v at %d", second, at)
	}
	if n := count[ResponseDone](s); n != 2 {
		t.Errorf("%d answers: %s", n, s.names())
	}
}

// Noise without words is no turn.
func TestNoise(t *testing.T) {
	s := newScene(4000, span{500, 700})
	s.model.hears = []string{""}
	s.run(t)
	if count[InputCleared](s) != 1 || count[ResponseCreated](s) != 0 || len(s.model.conv.words) != 1 {
		t.Errorf("events %s, memory %q", s.names(), s.model.conv.words)
	}
}

// Typed words are answered in the same call; the answer can be text alone.
func TestTypedText(t *testing.T) {
	s := newScene(3000)
	s.do[200] = UpdateSession{Update: Update{Modality: new("text"), Instructions: new("be brief")}}
	s.do[300] = CreateItem{Item: Item{Role: RoleUser, Content: []Part{{Type: PartInputText, Text: "hello"}}}}
	s.do[400] = CreateResponse{EventID: "e1", Metadata: map[string]string{"k": "v"}}
	s.run(t)
	d, _ := find[ResponseDone](t, s, 0)
	if d.Response.Output[0].Content[0].Text != " one two three four five six seven eight" || d.Response.Metadata["k"] != "v" {
		t.Errorf("response %+v", d.Response)
	}
	if len(s.out.loud) != 0 {
		t.Error("a text answer made sound")
	}
	if count[TurnLatency](s) != 0 {
		t.Error("a text answer has a wait for sound")
	}
	if got := s.model.conv.words[0] + s.model.conv.words[1]; got != "<system:be brief><hello>" {
		t.Errorf("the model remembers %q", got)
	}
}

// A typed question is answered aloud; its wait counts from its arrival.
func TestTypedQuestionSpokenAnswer(t *testing.T) {
	s := newScene(4000)
	s.do[300] = CreateItem{Item: Item{Role: RoleUser, Content: []Part{{Type: PartInputText, Text: "hello"}}}}
	s.do[400] = CreateResponse{}
	s.run(t)
	if l, _ := find[TurnLatency](t, s, 0); l.Latency.Speculated || l.Latency.Total < s.model.think || l.Latency.Total > s.model.think+50*time.Millisecond {
		t.Errorf("latency %+v", l.Latency)
	}
}

// An answer that has ended without a word before it was released is done all the same, and the next question is answered.
func TestEmptyAnswer(t *testing.T) {
	s := newScene(5000, span{500, 1500}, span{3000, 3800})
	s.model.answer, s.model.think = "", 10*time.Millisecond
	s.model.hear = 10 * time.Millisecond
	s.run(t)
	if n := count[ResponseDone](s); n != 2 {
		t.Errorf("%d answers done: %s", n, s.names())
	}
	if d, _ := find[ResponseDone](t, s, 0); d.Response.Status != StatusCompleted {
		t.Errorf("response %+v", d.Response)
	}
}

// What a client may get wrong is answered with an error that names it, and the session goes on.
func TestErrors(t *testing.T) {
	s := newScene(3000)
	s.do[100] = UpdateSession{EventID: "a", Update: Update{Voice: new("nobody")}}
	s.do[200] = CancelResponse{EventID: "b"}
	s.do[300] = CreateResponse{}
	s.do[400] = CreateResponse{EventID: "c"}
	s.do[500] = CancelResponse{}
	s.do[600] = CommitInput{EventID: "d"}
	s.run(t)
	var got []string
	for _, e := range s.events {
		if f, ok := e.(Failed); ok {
			got = append(got, f.Err.EventID+":"+f.Err.Code)
		}
	}
	want := "a:invalid_value b:response_cancel_not_active c:conversation_already_has_active_response d:input_audio_buffer_commit_empty"
	if strings.Join(got, " ") != want {
		t.Errorf("errors %q", got)
	}
	if d, _ := find[ResponseDone](t, s, 0); d.Response.Status != StatusCancelled || d.Response.Reason != "client_cancelled" {
		t.Errorf("response %+v", d.Response)
	}
}

// A microphone that sends nothing is said to be silent, and to be back; room noise is not silence.
func TestMutedMicrophone(t *testing.T) {
	s := newScene(12000)
	s.mic.off = span{2000, 9000}
	s.run(t)
	first, at := find[InputSilent](t, s, 0)
	if !first.Silent || at < 6900 || at > 7200 {
		t.Errorf("%+v at %d ms", first, at)
	}
	if back, at := find[InputSilent](t, s, 1); back.Silent || at < 9000 || at > 9100 {
		t.Errorf("%+v at %d ms", back, at)
	}
	if n := count[InputSilent](s); n != 2 {
		t.Errorf("%d events", n)
	}
}

package signaling

import (
	"bytes"
	"encoding/json"

	"omnilive/streaming"
)

// An opt is a field of a partial update: absent, null or a value.
type opt[T any] struct {
	set, null bool
	v         T
}

func (o *opt[T]) UnmarshalJSON(b []byte) error {
	o.set = true
	if bytes.Equal(b, []byte("null")) {
		o.null = true
		return nil
	}
	return json.Unmarshal(b, &o.v)
}

// given is the value of a field that is neither absent nor null.
func (o opt[T]) given() (T, bool) { return o.v, o.set && !o.null }

// sessionFields are what session.update may change here. Everything else of the GA session (tracing, truncation, model,
// noise reduction, formats, prompt, include) is read over: session.updated tells what is in force.
type sessionFields struct {
	Type             opt[string]   `json:"type"`
	Instructions     opt[string]   `json:"instructions"`
	OutputModalities opt[[]string] `json:"output_modalities"`
	MaxOutputTokens  opt[limit]    `json:"max_output_tokens"`

	Tools      opt[[]json.RawMessage] `json:"tools"`
	ToolChoice opt[json.RawMessage]   `json:"tool_choice"`

	Audio struct {
		Input struct {
			Transcription opt[struct {
				Language opt[string] `json:"language"`
			}] `json:"transcription"`
			TurnDetection opt[turnFields] `json:"turn_detection"`
		} `json:"input"`
		Output struct {
			Voice opt[json.RawMessage] `json:"voice"`
			Speed opt[float64]         `json:"speed"`
		} `json:"output"`
	} `json:"audio"`
}

type turnFields struct {
	Type              opt[string]  `json:"type"`
	Eagerness         opt[string]  `json:"eagerness"`
	Threshold         opt[float64] `json:"threshold"`
	PrefixPaddingMS   opt[int]     `json:"prefix_padding_ms"`
	SilenceDurationMS opt[int]     `json:"silence_duration_ms"`
	CreateResponse    opt[bool]    `json:"create_response"`
	InterruptResponse opt[bool]    `json:"interrupt_response"`
}

func (d *decoder) sessionUpdate(id string, raw []byte) (request, *Error) {
	var m struct {
		Session opt[sessionFields] `json:"session"`
	}
	if e := unmarshal(raw, &m); e != nil {
		return nil, e
	}
	s, ok := m.Session.given()
	if !ok {
		return nil, invalid(codeInvalidValue, "session", "session.update has no session")
	}
	u, e := d.update(s)
	if e != nil {
		return nil, e
	}
	return streaming.UpdateSession{EventID: id, Update: u}, nil
}

// update turns the fields that were given into an Update; what was not given stays as it is.
func (d *decoder) update(s sessionFields) (u streaming.Update, e *Error) {
	if t, ok := s.Type.given(); ok && t != "realtime" {
		return u, invalid(codeInvalidValue, "session.type", "session type %q is not supported, only realtime", clip(t, 40))
	}
	if s.Instructions.set {
		if len(s.Instructions.v) > MaxText {
			return u, tooLong("session.instructions", len(s.Instructions.v))
		}
		u.Instructions = &s.Instructions.v
	}
	if names, ok := s.OutputModalities.given(); ok {
		m, e := modality(names, "session.output_modalities")
		if e != nil {
			return u, e
		}
		if m != "" {
			u.Modality = &m
		}
	}
	if n, ok := s.MaxOutputTokens.given(); ok {
		m := int(n)
		u.MaxTokens = &m
	}
	if e := updateTools(s, &u); e != nil {
		return u, e
	}
	return u, d.updateAudio(s, &u)
}

func updateTools(s sessionFields, u *streaming.Update) *Error {
	if s.Tools.set {
		ts, e := tools(s.Tools.v)
		if e != nil {
			return e
		}
		u.Tools = &ts
	}
	if s.ToolChoice.set {
		choice, e := toolChoice("session.tool_choice", s.ToolChoice)
		if e != nil {
			return e
		}
		u.ToolChoice = &choice
	}
	return nil
}

func (d *decoder) updateAudio(s sessionFields, u *streaming.Update) *Error {
	in, out := s.Audio.Input, s.Audio.Output
	if in.Transcription.set {
		on := !in.Transcription.null
		u.Transcription = &on
		if l := in.Transcription.v.Language; l.set {
			u.Language = &l.v
		}
	}
	if v, ok := out.Speed.given(); ok {
		if v < 0.25 || v > 1.5 {
			return invalid(codeInvalidValue, "session.audio.output.speed", "speed is a number from 0.25 to 1.5")
		}
		u.Speed = &v
	}
	if v, ok := out.Voice.given(); ok {
		if e := d.voice(v, u); e != nil {
			return e
		}
	}
	if !in.TurnDetection.set {
		return nil
	}
	t := streaming.TurnDetection{}
	if !in.TurnDetection.null {
		var e *Error
		if t, e = d.turnDetection(in.TurnDetection.v); e != nil {
			return e
		}
	}
	d.turn, u.Turn = t, &t
	return nil
}

// turnDetection merges f into what is in force; another type begins with that type's defaults.
func (d *decoder) turnDetection(f turnFields) (streaming.TurnDetection, *Error) {
	t := d.turn
	if name, ok := f.Type.given(); ok && name != t.Type || t.Type == "" {
		t = streaming.DefaultSettings().Turn
		t.Type = name
	}
	merge(&t.Eagerness, f.Eagerness)
	merge(&t.Threshold, f.Threshold)
	merge(&t.PrefixPaddingMS, f.PrefixPaddingMS)
	merge(&t.SilenceDurationMS, f.SilenceDurationMS)
	merge(&t.CreateResponse, f.CreateResponse)
	merge(&t.InterruptResponse, f.InterruptResponse)
	if t.Type == "" {
		return t, invalid(codeInvalidValue, "session.audio.input.turn_detection.type", "turn_detection is null, server_vad or semantic_vad")
	}
	return t, t.Check()
}

func merge[T any](to *T, from opt[T]) {
	if v, ok := from.given(); ok {
		*to = v
	}
}

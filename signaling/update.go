package signaling

import (
	"bytes"
	"encoding/json"
	"slices"

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

// sessionFields are what session.update may change here. Everything else of the GA session (tools, tracing, truncation,
// model, noise reduction, formats, prompt, include) is read over: session.updated tells what is in force.
type sessionFields struct {
	Type             opt[string]   `json:"type"`
	Instructions     opt[string]   `json:"instructions"`
	OutputModalities opt[[]string] `json:"output_modalities"`
	MaxOutputTokens  opt[limit]    `json:"max_output_tokens"`
	Audio            struct {
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
	return u, d.updateAudio(s, &u)
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
	return t, checkTurn(t)
}

func merge[T any](to *T, from opt[T]) {
	if v, ok := from.given(); ok {
		*to = v
	}
}

// maxPaddingMS bounds prefix_padding_ms and silence_duration_ms: longer than anybody waits.
const maxPaddingMS = 10000

func checkTurn(t streaming.TurnDetection) *Error {
	const param = "session.audio.input.turn_detection."
	switch {
	case t.Type != "server_vad" && t.Type != "semantic_vad":
		return invalid(codeInvalidValue, param+"type", "turn_detection is null, server_vad or semantic_vad, not %q", clip(t.Type, 40))
	case !slices.Contains([]string{"low", "medium", "high", "auto"}, t.Eagerness):
		return invalid(codeInvalidValue, param+"eagerness", "eagerness is low, medium, high or auto, not %q", clip(t.Eagerness, 40))
	case t.Threshold < 0 || t.Threshold > 1:
		return invalid(codeInvalidValue, param+"threshold", "threshold is a number from 0 to 1")
	case t.PrefixPaddingMS < 0 || t.PrefixPaddingMS > maxPaddingMS:
		return invalid(codeInvalidValue, param+"prefix_padding_ms", "prefix_padding_ms is a number from 0 to %d", maxPaddingMS)
	case t.SilenceDurationMS < 0 || t.SilenceDurationMS > maxPaddingMS:
		return invalid(codeInvalidValue, param+"silence_duration_ms", "silence_duration_ms is a number from 0 to %d", maxPaddingMS)
	}
	return nil
}

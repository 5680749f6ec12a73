package streaming

import (
	"fmt"
	"slices"

	"omnilive/model"
)

// Turn detection types and modalities, spelled as on the wire.
const (
	ServerVAD   = "server_vad"
	SemanticVAD = "semantic_vad"
	Audio       = "audio"
	Text        = "text"
)

// DefaultSettings are what a call starts with: spoken answers, the turn found by sound and meaning.
func DefaultSettings() Settings {
	return Settings{
		Modality: Audio, Transcription: true, Speed: 1,
		Turn: TurnDetection{
			Type: SemanticVAD, Eagerness: "auto", Threshold: 0.5, PrefixPaddingMS: 300, SilenceDurationMS: 500,
			CreateResponse: true, InterruptResponse: true,
		},
	}
}

// withDefaults fills what the server's configuration left open from the model's abilities.
func (s Settings) withDefaults(a model.Abilities) Settings {
	if s.Modality == "" {
		d := DefaultSettings()
		d.Instructions, d.Voice, d.Language = s.Instructions, s.Voice, s.Language
		d.Tools, d.ToolChoice = s.Tools, s.ToolChoice
		s = d
	}
	if s.Model == "" {
		s.Model = a.Name
	}
	if s.Voice == "" && len(a.Voices) > 0 {
		s.Voice = a.Voices[0]
	}
	return s
}

// can is what a client learns of the model.
func can(m model.Model) Can {
	a := m.Abilities()
	_, clones := m.(model.VoiceCloner)
	return Can{Sees: a.Sees, Draws: a.Draws, Calls: a.Calls, Clones: clones}
}

// apply returns s changed by u, or what is wrong with u.
func (s Settings) apply(u Update, a model.Abilities) (Settings, *Error) {
	if u.refused != nil {
		return s, u.refused
	}
	if u.cloned != "" {
		s.clones = append(slices.Clip(s.clones), u.cloned)
	}
	set(&s.Instructions, u.Instructions)
	set(&s.Voice, u.Voice)
	set(&s.Modality, u.Modality)
	set(&s.Language, u.Language)
	set(&s.Transcription, u.Transcription)
	set(&s.Speed, u.Speed)
	set(&s.Turn, u.Turn)
	set(&s.MaxTokens, u.MaxTokens)
	set(&s.Tools, u.Tools)
	set(&s.ToolChoice, u.ToolChoice)
	if !a.Calls { // session.updated tells
		s.Tools = nil
	}
	if e := checkChoice("session.tool_choice", s.ToolChoice, s.Tools, a); e != nil {
		return s, e
	}
	switch {
	case s.Modality != Audio && s.Modality != Text:
		return s, invalid("session.output_modalities", "output_modalities must be [\"audio\"] or [\"text\"], not %q", s.Modality)
	case len(a.Voices) > 0 && !slices.Contains(a.Voices, s.Voice) && !slices.Contains(s.clones, s.Voice):
		return s, invalid("session.audio.output.voice", "voice %q is not one of %v", s.Voice, a.Voices)
	case s.Language != "" && len(a.HeardLanguages) > 0 && !slices.Contains(a.HeardLanguages, s.Language):
		return s, invalid("session.audio.input.transcription.language", "language %q is not one of %v", s.Language, a.HeardLanguages)
	case s.Speed < 0.25 || s.Speed > 1.5:
		return s, invalid("session.audio.output.speed", "speed must lie between 0.25 and 1.5, not %g", s.Speed)
	case len(s.Instructions) > maxInstructions:
		return s, invalid("session.instructions", "instructions hold %d bytes; the limit is %d", len(s.Instructions), maxInstructions)
	case s.MaxTokens < 0:
		return s, invalid("session.max_output_tokens", "max_output_tokens must be positive or \"inf\"")
	}
	return s, s.Turn.Check()
}

// maxInstructions bounds the system prompt, in bytes: about 2000 tokens, half of the small default's window.
const maxInstructions = 8192

// Check says what is wrong with t.
func (t TurnDetection) Check() *Error {
	const at = "session.audio.input.turn_detection"
	switch {
	case t.Type == "":
		return nil
	case t.Type != ServerVAD && t.Type != SemanticVAD:
		return invalid(at+".type", "turn_detection type %q is not server_vad, semantic_vad or null", t.Type)
	case t.Type == SemanticVAD && !slices.Contains([]string{"", "auto", "low", "medium", "high"}, t.Eagerness):
		return invalid(at+".eagerness", "eagerness %q is not low, medium, high or auto", t.Eagerness)
	case t.Threshold < 0 || t.Threshold > 1:
		return invalid(at+".threshold", "threshold must lie between 0 and 1, not %g", t.Threshold)
	case t.PrefixPaddingMS < 0 || t.PrefixPaddingMS > 2000:
		return invalid(at+".prefix_padding_ms", "prefix_padding_ms must lie between 0 and 2000, not %d", t.PrefixPaddingMS)
	case t.SilenceDurationMS < 0 || t.SilenceDurationMS > 10000:
		return invalid(at+".silence_duration_ms", "silence_duration_ms must lie between 0 and 10000, not %d", t.SilenceDurationMS)
	}
	return nil
}

func set[T any](dst *T, v *T) {
	if v != nil {
		*dst = *v
	}
}

func invalid(param, format string, args ...any) *Error {
	return &Error{Type: "invalid_request_error", Code: "invalid_value", Param: param, Message: fmt.Sprintf(format, args...)}
}

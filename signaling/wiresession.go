package signaling

import (
	"cmp"

	"omnilive/streaming"
)

// A wireSession is the effective configuration of a call: realtime.session. What we do not have is there with its empty
// value, so that a client sees that asking for it had no effect.
type wireSession struct {
	Type             string       `json:"type"`   // realtime
	Object           string       `json:"object"` // realtime.session
	ID               string       `json:"id"`
	Model            string       `json:"model"`
	OutputModalities []string     `json:"output_modalities"`
	Instructions     string       `json:"instructions"`
	Tools            []wireTool   `json:"tools"`
	ToolChoice       any          `json:"tool_choice"` // auto, none, required or a wireChoice
	MaxOutputTokens  any          `json:"max_output_tokens"`
	Tracing          *struct{}    `json:"tracing"`
	Truncation       string       `json:"truncation"`
	Prompt           *struct{}    `json:"prompt"`
	ExpiresAt        int64        `json:"expires_at"` // 0: never
	Audio            wireAudio    `json:"audio"`
	Include          []string     `json:"include"`
	Omnilive         wireOmnilive `json:"omnilive"`
}

// wireOmnilive is what our sessions say beyond GA: the voices to choose from, the default first, and what the model can do.
type wireOmnilive struct {
	Voices []string `json:"voices"`
	Model  wireCan  `json:"model"`
}

type wireCan struct {
	Sees   bool `json:"sees"`
	Draws  bool `json:"draws"`
	Calls  bool `json:"calls"`
	Clones bool `json:"clones"`
}

type wireAudio struct {
	Input struct {
		Format         wireFormat         `json:"format"`
		Transcription  *wireTranscription `json:"transcription"`
		NoiseReduction *struct{}          `json:"noise_reduction"`
		TurnDetection  any                `json:"turn_detection"`
	} `json:"input"`
	Output struct {
		Format wireFormat `json:"format"`
		Voice  any        `json:"voice"` // a name; of a cloned voice {"id": name}
		Speed  float64    `json:"speed"`
	} `json:"output"`
}

type wireVoice struct {
	ID string `json:"id"`
}

type wireFormat struct {
	Type string `json:"type"`
	Rate int    `json:"rate"`
}

// pcm24k is what GA sessions name by default; over WebRTC the sound is Opus whatever stands here.
var pcm24k = wireFormat{Type: "audio/pcm", Rate: 24000}

type wireTranscription struct {
	Model    string `json:"model"`
	Language string `json:"language,omitempty"`
}

type (
	serverVAD struct {
		Type              string  `json:"type"`
		Threshold         float64 `json:"threshold"`
		PrefixPaddingMS   int     `json:"prefix_padding_ms"`
		SilenceDurationMS int     `json:"silence_duration_ms"`
		IdleTimeoutMS     *int    `json:"idle_timeout_ms"`
		CreateResponse    bool    `json:"create_response"`
		InterruptResponse bool    `json:"interrupt_response"`
	}
	semanticVAD struct {
		Type              string `json:"type"`
		Eagerness         string `json:"eagerness"`
		CreateResponse    bool   `json:"create_response"`
		InterruptResponse bool   `json:"interrupt_response"`
	}
)

func newSession(s streaming.Settings, voices []string) wireSession {
	w := wireSession{
		Type: "realtime", Object: "realtime.session", ID: s.ID, Model: s.Model,
		OutputModalities: []string{cmp.Or(s.Modality, "audio")}, Instructions: s.Instructions, Tools: newTools(s.Tools), ToolChoice: newChoice(s.ToolChoice),
		MaxOutputTokens: maxTokens(s.MaxTokens), Truncation: "auto",
	}
	w.Audio.Input.Format = pcm24k
	if s.Transcription {
		w.Audio.Input.Transcription = &wireTranscription{Model: s.Model, Language: s.Language}
	}
	w.Audio.Input.TurnDetection = newTurnDetection(s.Turn)
	w.Audio.Output.Format = pcm24k
	w.Audio.Output.Voice = s.Voice
	if s.IsCloned() {
		w.Audio.Output.Voice = wireVoice{s.Voice}
	}
	w.Audio.Output.Speed = cmp.Or(s.Speed, 1)
	w.Omnilive.Voices, w.Omnilive.Model = append([]string{}, voices...), wireCan(s.Can)
	return w
}

func newTurnDetection(t streaming.TurnDetection) any {
	switch t.Type {
	case "server_vad":
		return serverVAD{
			Type: t.Type, Threshold: t.Threshold, PrefixPaddingMS: t.PrefixPaddingMS,
			SilenceDurationMS: t.SilenceDurationMS, CreateResponse: t.CreateResponse, InterruptResponse: t.InterruptResponse,
		}
	case "semantic_vad":
		return semanticVAD{
			Type: t.Type, Eagerness: cmp.Or(t.Eagerness, "auto"),
			CreateResponse: t.CreateResponse, InterruptResponse: t.InterruptResponse,
		}
	default:
		return nil
	}
}

// maxTokens is n as the wire has it: 0 is "inf".
func maxTokens(n int) any {
	if n == 0 {
		return "inf"
	}
	return n
}

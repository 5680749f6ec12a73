package signaling

import (
	"cmp"

	"omnilive/streaming"
)

// A wireItem is an item of the conversation, realtime.item: one of the three below.
type wireItem any

type (
	messageItem struct {
		itemHead
		Role    string        `json:"role"`
		Content []wireContent `json:"content"`
	}
	callItem struct {
		itemHead
		CallID    string `json:"call_id"`
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	}
	outputOfCall struct {
		itemHead
		CallID string `json:"call_id"`
		Output string `json:"output"`
	}
	itemHead struct {
		ID     string `json:"id"`
		Object string `json:"object"` // realtime.item
		Type   string `json:"type"`   // message, function_call, function_call_output
		Status string `json:"status"`
	}
)

// A wireContent is one of the contents below: each type has its own fields.
type wireContent any

type (
	textContent struct {
		Type string `json:"type"` // input_text, output_text
		Text string `json:"text"`
	}
	audioContent struct {
		Type       string  `json:"type"`       // input_audio, output_audio
		Transcript *string `json:"transcript"` // never left out: the agents SDK throws without it
	}
	imageContent struct {
		Type string `json:"type"` // input_image; the picture itself is not sent back
	}
)

// A wirePart is a response's content part; its types are audio and text, unlike those of an item's content.
type wirePart struct {
	Type       string  `json:"type"`
	Text       *string `json:"text,omitempty"`
	Transcript *string `json:"transcript,omitempty"`
}

// A wireResponse is one answer: realtime.response.
type wireResponse struct {
	ID               string            `json:"id"`
	Object           string            `json:"object"` // realtime.response
	Status           string            `json:"status"`
	StatusDetails    *statusDetails    `json:"status_details"`
	Output           []wireItem        `json:"output"`
	ConversationID   string            `json:"conversation_id"`
	OutputModalities []string          `json:"output_modalities"`
	MaxOutputTokens  any               `json:"max_output_tokens"`
	Audio            responseAudio     `json:"audio"`
	Usage            *wireUsage        `json:"usage"`
	Metadata         map[string]string `json:"metadata"`
}

type statusDetails struct {
	Type   string         `json:"type"`
	Reason string         `json:"reason,omitempty"`
	Error  *responseError `json:"error,omitempty"`
}

type responseError struct {
	Type    string `json:"type"`
	Code    string `json:"code"`
	Message string `json:"message,omitempty"`
}

type responseAudio struct {
	Output struct {
		Format wireFormat `json:"format"`
		Voice  string     `json:"voice"`
	} `json:"output"`
}

type wireUsage struct {
	TotalTokens  int `json:"total_tokens"`
	InputTokens  int `json:"input_tokens"`
	OutputTokens int `json:"output_tokens"`
	InputDetails struct {
		TextTokens    int           `json:"text_tokens"`
		AudioTokens   int           `json:"audio_tokens"`
		ImageTokens   int           `json:"image_tokens"`
		CachedTokens  int           `json:"cached_tokens"`
		CachedDetails cachedDetails `json:"cached_tokens_details"`
	} `json:"input_token_details"`
	OutputDetails struct {
		TextTokens  int `json:"text_tokens"`
		AudioTokens int `json:"audio_tokens"`
	} `json:"output_token_details"`
}

type cachedDetails struct {
	TextTokens  int `json:"text_tokens"`
	AudioTokens int `json:"audio_tokens"`
	ImageTokens int `json:"image_tokens"`
}

func newItem(it streaming.Item) wireItem {
	h := itemHead{ID: it.ID, Object: "realtime.item", Type: cmp.Or(it.Type, streaming.ItemMessage), Status: it.Status}
	switch it.Type {
	case streaming.ItemCall:
		return callItem{h, it.CallID, it.Name, it.Arguments}
	case streaming.ItemOutput:
		return outputOfCall{h, it.CallID, it.Output}
	}
	w := messageItem{h, it.Role, make([]wireContent, 0, len(it.Content))}
	for _, p := range it.Content {
		w.Content = append(w.Content, newContent(p))
	}
	return w
}

func newContent(p streaming.Part) wireContent {
	switch p.Type {
	case streaming.PartInputAudio, streaming.PartOutputAudio:
		return audioContent{Type: p.Type, Transcript: p.Transcript}
	case streaming.PartInputImage:
		return imageContent{Type: p.Type}
	default:
		return textContent{Type: p.Type, Text: p.Text}
	}
}

func newPart(p streaming.Part) wirePart {
	if p.Type == streaming.PartOutputAudio {
		s := said(p)
		return wirePart{Type: "audio", Transcript: &s}
	}
	return wirePart{Type: "text", Text: &p.Text}
}

// said is the words of p, whichever field they stand in.
func said(p streaming.Part) string {
	if p.Transcript != nil {
		return *p.Transcript
	}
	return p.Text
}

func (t *translator) newResponse(r streaming.Response) wireResponse {
	w := wireResponse{
		ID: r.ID, Object: "realtime.response", Status: r.Status, StatusDetails: newDetails(r),
		Output: make([]wireItem, 0, len(r.Output)), ConversationID: t.conversation,
		OutputModalities: []string{cmp.Or(r.Modality, "audio")}, MaxOutputTokens: maxTokens(t.settings.MaxTokens), Metadata: r.Metadata,
	}
	for _, it := range r.Output {
		w.Output = append(w.Output, newItem(it))
	}
	w.Audio.Output.Format = pcm24k
	w.Audio.Output.Voice = t.settings.Voice
	if r.Status != streaming.StatusInProgress {
		w.Usage = newUsage(r.Usage)
	}
	return w
}

func newDetails(r streaming.Response) *statusDetails {
	switch r.Status {
	case streaming.StatusInProgress, streaming.StatusCompleted:
		return nil
	case streaming.StatusFailed:
		e := &responseError{Type: "server_error", Code: "server_error"}
		if r.Err != nil {
			e.Message = r.Err.Error()
		}
		return &statusDetails{Type: r.Status, Error: e}
	default:
		return &statusDetails{Type: r.Status, Reason: r.Reason}
	}
}

func newUsage(u streaming.Usage) *wireUsage {
	w := &wireUsage{InputTokens: u.InputText + u.InputAudio, OutputTokens: u.OutputText + u.OutputAudio}
	w.TotalTokens = w.InputTokens + w.OutputTokens
	w.InputDetails.TextTokens, w.InputDetails.AudioTokens = u.InputText, u.InputAudio
	w.OutputDetails.TextTokens, w.OutputDetails.AudioTokens = u.OutputText, u.OutputAudio
	return w
}

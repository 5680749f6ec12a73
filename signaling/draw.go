package signaling

import (
	"fmt"

	"omnilive/streaming"
)

// maxRatio bounds both sides of a picture's ratio.
const maxRatio = 100

// imageCreate reads omnilive.image.create.
func (d *decoder) imageCreate(id string, raw []byte) (request, *Error) {
	var m struct {
		Prompt string `json:"prompt"`
		Source string `json:"source"`
		Ratio  string `json:"ratio"`
	}
	if e := unmarshal(raw, &m); e != nil {
		return nil, e
	}
	c := streaming.DrawImage{EventID: id, Prompt: m.Prompt, Camera: m.Source == "camera"}
	switch {
	case m.Prompt == "":
		return nil, invalid(codeInvalidValue, "prompt", "omnilive.image.create has no prompt")
	case len(m.Prompt) > MaxText:
		return nil, tooLong("prompt", len(m.Prompt))
	case m.Source != "" && m.Source != "none" && m.Source != "camera":
		return nil, invalid(codeInvalidValue, "source", "source is none or camera, not %q", clip(m.Source, 40))
	case m.Ratio == "":
		return c, nil
	}
	var rest string
	n, _ := fmt.Sscanf(m.Ratio, "%d:%d%s", &c.Width, &c.Height, &rest)
	if n != 2 || c.Width < 1 || c.Width > maxRatio || c.Height < 1 || c.Height > maxRatio {
		return nil, invalid(codeInvalidValue, "ratio", "ratio is width:height, each from 1 to %d, such as 16:9; not %q", maxRatio, clip(m.Ratio, 40))
	}
	return c, nil
}

func (d *decoder) imageCancel(id string, raw []byte) (request, *Error) {
	var m struct {
		ImageID string `json:"image_id"`
	}
	if e := unmarshal(raw, &m); e != nil {
		return nil, e
	}
	if m.ImageID == "" || len(m.ImageID) > maxID {
		return nil, invalid(codeInvalidValue, "image_id", "image_id has 1 to %d bytes", maxID)
	}
	return streaming.CancelImage{EventID: id, ID: m.ImageID}, nil
}

// Our own messages about pictures.
type (
	// imageStarted: omnilive.image.started.
	imageStarted struct {
		head
		ResponseID string `json:"response_id"`
		ImageID    string `json:"image_id"`
		Width      int    `json:"width"`
		Height     int    `json:"height"`
	}
	// imageProgress: omnilive.image.progress.
	imageProgress struct {
		head
		ImageID string  `json:"image_id"`
		Done    float64 `json:"done"`
		Preview string  `json:"preview,omitempty"` // a data URI
	}
	// imageDelta: omnilive.image.delta, a piece of the picture's file.
	imageDelta struct {
		head
		ImageID string `json:"image_id"`
		Index   int    `json:"index"`
		Delta   []byte `json:"delta"` // in base64
	}
	// imageDone: omnilive.image.done.
	imageDone struct {
		head
		ImageID     string `json:"image_id"`
		ResponseID  string `json:"response_id"`
		Width       int    `json:"width"`
		Height      int    `json:"height"`
		ContentType string `json:"content_type"`
		Bytes       int    `json:"bytes"`
	}
	// imageFailed: omnilive.image.failed.
	imageFailed struct {
		head
		ImageID string         `json:"image_id"`
		Reason  string         `json:"reason"` // cancelled, failed
		Error   *responseError `json:"error,omitempty"`
	}
)

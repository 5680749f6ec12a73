package signaling

import (
	"encoding/json"
	"slices"
	"strings"

	"omnilive/streaming"
)

// MaxReference is the longest data URI of a recording to speak like, in bytes.
const MaxReference = 10 << 20

// voice reads a name, {"id": name} or {"reference": data URI}. A name that is not ours means the default voice, so that a
// client made for another server's voices works; the names of cloned voices are the session's to know.
func (d *decoder) voice(raw json.RawMessage, u *streaming.Update) *Error {
	const param = "session.audio.output.voice"
	var name string
	if json.Unmarshal(raw, &name) != nil {
		var custom struct {
			ID        string  `json:"id"`
			Reference *string `json:"reference"`
		}
		if json.Unmarshal(raw, &custom) != nil {
			return invalid(codeInvalidValue, param, "voice is a name, or an object with an id or a reference")
		}
		if custom.Reference != nil {
			return d.reference(*custom.Reference, u)
		}
		name = custom.ID
	}
	if len(d.voices) > 0 && !slices.Contains(d.voices, name) && !streaming.NamesClone(name) {
		name = d.voices[0]
	}
	u.Voice = &name
	return nil
}

// reference decodes a recording to speak like.
func (d *decoder) reference(uri string, u *streaming.Update) *Error {
	const param = "session.audio.output.voice.reference"
	if len(uri) > MaxReference {
		return invalid(codeTooLarge, param, "the reference has %d bytes; the limit is %d", len(uri), MaxReference)
	}
	mime, data, err := d.codecs.ParseDataURI(uri)
	if err != nil {
		return invalid(codeInvalidValue, param, "the reference is no data URI: %s", short(err))
	}
	if !strings.HasPrefix(mime, "audio/") && mime != "application/octet-stream" {
		return invalid(codeInvalidValue, param, "the reference is %q; send audio/wav or audio/mpeg", clip(mime, 40))
	}
	pcm, err := d.codecs.DecodeSound(data)
	if err != nil {
		return invalid(codeInvalidValue, param, "the reference cannot be decoded: %s", short(err))
	}
	u.Reference = pcm
	return nil
}

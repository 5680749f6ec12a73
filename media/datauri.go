package media

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// maxDataURI is the longest data URI that is taken, in bytes: a photograph of 20 megapixels as JPEG fits.
const maxDataURI = 32 << 20

// ParseDataURI takes a data URI (RFC 2397) apart: its media type in lower case without parameters, text/plain when
// it names none, and its content.
func ParseDataURI(s string) (mime string, data []byte, err error) {
	if len(s) < 5 || !strings.EqualFold(s[:5], "data:") {
		return "", nil, errors.New(`parse data URI: it does not begin with "data:"`)
	}
	if len(s) > maxDataURI {
		return "", nil, fmt.Errorf("parse data URI: %d bytes, at most %d are taken", len(s), maxDataURI)
	}
	head, body, ok := strings.Cut(s[5:], ",")
	if !ok {
		return "", nil, errors.New("parse data URI: no comma before the content")
	}
	mime, rest, _ := strings.Cut(head, ";")
	if mime = strings.ToLower(strings.TrimSpace(mime)); mime == "" {
		mime = "text/plain"
	}
	if rest = strings.ToLower(rest); rest != "base64" && !strings.HasSuffix(rest, ";base64") {
		text, err := url.PathUnescape(body)
		if err != nil {
			return "", nil, fmt.Errorf("parse data URI: %w", err)
		}
		return mime, []byte(text), nil
	}
	if strings.Contains(body, "%") {
		if body, err = url.PathUnescape(body); err != nil {
			return "", nil, fmt.Errorf("parse data URI: %w", err)
		}
	}
	data, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(body, "="))
	if err != nil {
		return "", nil, fmt.Errorf("parse data URI: %w", err)
	}
	return mime, data, nil
}

package server

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"omnilive/signaling"
)

// maxCallBody is an offer and the settings beside it, with room for the form around them.
const maxCallBody = signaling.MaxOffer + signaling.MaxSession + 4<<10

// answer takes an offer: the SDP alone, or a form with the parts sdp and session.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	if err := s.ready(); err != nil {
		w.Header().Set("Retry-After", retryAfter)
		writeError(w, http.StatusServiceUnavailable, "not_ready", "the server is starting: %v", err)
		return
	}
	offer, o, err := readOffer(w, r)
	if err != nil {
		writeOfferError(w, err)
		return
	}
	id, answer, err := s.hub.Answer(r.Context(), offer, o)
	if err != nil {
		s.writeRefusal(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/sdp")
	w.Header().Set("Location", "/v1/realtime/calls/"+id)
	w.WriteHeader(http.StatusCreated)
	if _, err := io.WriteString(w, answer); err != nil { // nobody is left to take the call
		_ = s.hub.Hangup(id)
	}
}

// errMediaType is a body that is neither of the two forms.
var errMediaType = errors.New("send the offer as application/sdp, or as multipart/form-data with the parts sdp and session")

func readOffer(w http.ResponseWriter, r *http.Request) (offer string, o signaling.CallOptions, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxCallBody)
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return "", o, errMediaType
	}
	switch kind {
	case "application/sdp":
		b, err := readPart(r.Body, signaling.MaxOffer)
		return string(b), o, err
	case "multipart/form-data":
		return readForm(multipart.NewReader(r.Body, params["boundary"]))
	default:
		return "", o, errMediaType
	}
}

func readForm(form *multipart.Reader) (offer string, o signaling.CallOptions, err error) {
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", o, fmt.Errorf("read form: %w", err)
		}
		switch part.FormName() {
		case "sdp":
			b, err := readPart(part, signaling.MaxOffer)
			if err != nil {
				return "", o, err
			}
			offer = string(b)
		case "session":
			if o.Session, err = readPart(part, signaling.MaxSession); err != nil {
				return "", o, err
			}
		default:
			return "", o, fmt.Errorf("read form: there is no field %q, only sdp and session", part.FormName())
		}
	}
	if offer == "" {
		return "", o, errors.New("read form: the field sdp is missing")
	}
	return offer, o, nil
}

// readPart reads all of r, up to limit bytes.
func readPart(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read offer: %w", err)
	}
	if int64(len(b)) > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	return b, nil
}

func writeOfferError(w http.ResponseWriter, err error) {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		writeBody(w, http.StatusRequestEntityTooLarge, "too_large", "sdp", fmt.Sprintf("the offer or its session is too large; the limit is %d bytes", large.Limit))
	case errors.Is(err, errMediaType):
		writeError(w, http.StatusUnsupportedMediaType, "unsupported_media_type", "%v", err)
	default:
		writeError(w, http.StatusBadRequest, "invalid_request", "%v", err)
	}
}

// hangup ends a call.
func (s *Server) hangup(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if err := s.hub.Hangup(id); err != nil {
		writeBody(w, http.StatusNotFound, "call_not_found", "call_id", fmt.Sprintf("there is no call %q", clip(id, 64)))
		return
	}
	w.WriteHeader(http.StatusOK)
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}

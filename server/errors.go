package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"omnilive/signaling"
)

// errorBody is how every error looks: {"error":{…}}, as in the OpenAI API.
type errorBody struct {
	Error struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    string  `json:"code"`
	} `json:"error"`
}

func writeError(w http.ResponseWriter, status int, code, format string, args ...any) {
	writeBody(w, status, code, "", fmt.Sprintf(format, args...))
}

func writeBody(w http.ResponseWriter, status int, code, param, message string) {
	var b errorBody
	b.Error.Message, b.Error.Code, b.Error.Type = message, code, "invalid_request_error"
	if param != "" {
		b.Error.Param = &param
	}
	if status >= http.StatusInternalServerError {
		b.Error.Type = "server_error"
	}
	writeJSON(w, status, b)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller is gone
}

// writeRefusal answers an offer that did not become a call.
func (s *Server) writeRefusal(w http.ResponseWriter, err error) {
	var bad *signaling.Error
	switch {
	case errors.As(err, &bad):
		writeBody(w, http.StatusBadRequest, bad.Code, bad.Param, bad.Message)
	case errors.Is(err, signaling.ErrBusy):
		after := retryAfter
		var busy *signaling.BusyError
		if errors.As(err, &busy) {
			after = strconv.Itoa(int(math.Ceil(busy.RetryAfter.Seconds())))
		}
		w.Header().Set("Retry-After", after)
		writeError(w, http.StatusServiceUnavailable, "busy", "all lines are busy; try again in %s seconds", after)
	case errors.Is(err, signaling.ErrClosed):
		w.Header().Set("Retry-After", retryAfter)
		writeError(w, http.StatusServiceUnavailable, "shutting_down", "the server is shutting down")
	default:
		s.config.Log.Error("answer offer", "error", err)
		writeError(w, http.StatusInternalServerError, "internal_error", "the call could not be opened")
	}
}

// retryAfter is when to try again, in seconds, where nobody knows better.
const retryAfter = "5"

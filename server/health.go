package server

import "net/http"

// healthBody is what /healthz says.
type healthBody struct {
	Status string `json:"status"` // ok or starting
	Detail string `json:"detail,omitempty"`
	Calls  int    `json:"calls"`
}

// health answers 200 once calls are taken.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	b := healthBody{Status: "ok", Calls: s.hub.Stats().Active}
	w.Header().Set("Cache-Control", "no-store")
	if err := s.ready(); err != nil {
		b.Status, b.Detail = "starting", err.Error()
		w.Header().Set("Retry-After", retryAfter)
		writeJSON(w, http.StatusServiceUnavailable, b)
		return
	}
	writeJSON(w, http.StatusOK, b)
}

func (s *Server) ready() error {
	if s.config.Ready == nil {
		return nil
	}
	return s.config.Ready()
}

package server

import (
	"math"
	"net/http"
)

// healthBody is what /healthz says.
type healthBody struct {
	Status string `json:"status"` // ok or starting
	Detail string `json:"detail,omitempty"`
	Calls  int    `json:"calls"`

	Waiting int     `json:"waiting"`   // calls that wait for a place
	Load    float64 `json:"load"`      // seconds of work a second of what is busiest; calls stutter from 1 on
	Cost    float64 `json:"call_cost"` // what one call more would add to it
}

// health answers 200 once calls are taken.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	h := s.hub.Stats()
	b := healthBody{Status: "ok", Calls: h.Active, Waiting: h.Waiting, Load: thousandths(h.Load.Now), Cost: thousandths(h.Load.Call)}
	w.Header().Set("Cache-Control", "no-store")
	if err := s.ready(); err != nil {
		b.Status, b.Detail = "starting", err.Error()
		w.Header().Set("Retry-After", retryAfter)
		writeJSON(w, http.StatusServiceUnavailable, b)
		return
	}
	writeJSON(w, http.StatusOK, b)
}

// thousandths is as exact as a load needs to be told.
func thousandths(v float64) float64 { return math.Round(v*1000) / 1000 }

func (s *Server) ready() error {
	if s.config.Ready == nil {
		return nil
	}
	return s.config.Ready()
}

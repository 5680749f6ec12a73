package server

import (
	"fmt"
	"net/http"
	"runtime/debug"
)

// The page may load nothing from elsewhere and stand in no frame.
const contentSecurityPolicy = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob: mediastream:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"

// Handler is everything the server answers.
func (s *Server) Handler() http.Handler {
	api := http.NewServeMux()
	api.HandleFunc("POST /v1/realtime/calls", s.answer)
	api.HandleFunc("POST /v1/realtime/calls/{id}/hangup", s.hangup)
	api.HandleFunc("GET /v1/realtime/signal", s.signal)
	api.Handle("GET /metrics", s.config.Metrics.handler())
	api.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, http.StatusNotFound, "not_found", "there is no %s %s here", r.Method, r.URL.Path)
	})
	for path, allow := range map[string]string{
		"/v1/realtime/calls": "POST", "/v1/realtime/calls/{id}/hangup": "POST", "/v1/realtime/signal": "GET", "/metrics": "GET",
	} {
		api.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", allow+", OPTIONS")
			writeError(w, http.StatusMethodNotAllowed, "method_not_allowed", "%s takes %s, not %s", r.URL.Path, allow, r.Method)
		})
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/", s.guard.cors(s.guard.authorize(api)))
	mux.Handle("/metrics", s.guard.authorize(api))
	mux.HandleFunc("GET /healthz", s.health)
	mux.Handle("/", page(http.FileServerFS(s.config.Page)))
	return s.recover(s.guard.host(mux))
}

// page adds what keeps the page to itself.
func page(files http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self)")
		h.Set("Cache-Control", "no-cache")
		files.ServeHTTP(w, r)
	})
}

// recover answers 500 where a handler panics, and the server goes on.
func (s *Server) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil || v == http.ErrAbortHandler {
				return
			}
			s.config.Log.Error("panic", "path", r.URL.Path, "value", fmt.Sprint(v), "stack", string(debug.Stack()))
			writeError(w, http.StatusInternalServerError, "internal_error", "the server made a mistake")
		}()
		next.ServeHTTP(w, r)
	})
}

package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A guard says who may ask.
type guard struct {
	key   string   // empty: nobody needs one
	local bool     // the server listens on loopback
	hosts []string // names accepted there beside this machine's own
}

// host refuses requests for another name than this machine's: a website that lets its name point to 127.0.0.1 (DNS
// rebinding) would else be same-origin with us.
func (g guard) host(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.local && !g.known(r.Host) {
			writeError(w, http.StatusForbidden, "host_not_allowed", "this server is not called %q; ask for localhost, or allow the name with --host", clip(r.Host, 100))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// known reports whether host (with or without a port) is loopback, or one of the configured names.
func (g guard) known(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	return isLoopback(host) || slices.ContainsFunc(g.hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// origin reports whether a page of this origin may call. Who holds the key may call from anywhere; without one only pages
// of this machine may, or of the server itself.
func (g guard) origin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || g.key != "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && (g.known(u.Host) && g.local || strings.EqualFold(u.Host, r.Host))
}

// cors lets pages of other origins call (Fetch standard, CORS protocol).
func (g guard) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		if !g.origin(r) {
			writeError(w, http.StatusForbidden, "origin_not_allowed", "pages of %q may not call this server; give it an API key", clip(r.Header.Get("Origin"), 100))
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Expose-Headers", "Location, Retry-After")
		}
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-OpenAI-Agents-SDK, OpenAI-Beta, OpenAI-Organization, OpenAI-Project")
			h.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// authorize demands the key, if there is one.
func (g guard) authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.allowed(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="omnilive"`)
			writeError(w, http.StatusUnauthorized, "invalid_api_key", "the API key is missing or wrong; send it as Authorization: Bearer KEY")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (g guard) allowed(r *http.Request) bool {
	if g.key == "" {
		return true
	}
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return g.same(strings.TrimSpace(token))
	}
	for _, p := range protocols(r) { // a browser's WebSocket cannot send the header
		if token, ok := strings.CutPrefix(p, keyProtocol); ok {
			return g.same(token)
		}
	}
	return false
}

// same compares in constant time; the hash hides the key's length as well.
func (g guard) same(token string) bool {
	want, got := sha256.Sum256([]byte(g.key)), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

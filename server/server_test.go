package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gorilla/websocket"

	"omnilive/signaling"
)

// fakeHub answers every offer with itself.
type fakeHub struct {
	err     error
	panics  bool
	session string
	hung    []string
}

func (h *fakeHub) Answer(_ context.Context, offer string, o signaling.CallOptions) (string, string, error) {
	if h.panics {
		panic("on purpose")
	}
	h.session = string(o.Session)
	return "rtc_1", "answer to " + offer, h.err
}

func (h *fakeHub) Hangup(id string) error {
	if id != "rtc_1" {
		return signaling.ErrUnknownCall
	}
	h.hung = append(h.hung, id)
	return nil
}

func (h *fakeHub) Signal(_ context.Context, s signaling.Socket) error {
	for {
		kind, data, err := s.ReadMessage()
		if err != nil {
			return err
		}
		if err := s.WriteMessage(kind, append([]byte("echo "), data...)); err != nil {
			return err
		}
	}
}

func (h *fakeHub) Stats() signaling.Stats {
	return signaling.Stats{Active: 3, Waiting: 2, Refused: 1, Waited: 5, Left: 4, Load: signaling.Load{Now: 0.75, Call: 0.1252}}
}

func newServer(t *testing.T, c Config, h Hub) *Server {
	t.Helper()
	c.Log = slog.New(slog.DiscardHandler)
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.Page == nil {
		c.Page = fstest.MapFS{"index.html": {Data: []byte("<!doctype html><title>omnilive</title>")}}
	}
	s, err := New(c, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.listener.Close() })
	return s
}

// ask sends one request to the handler; header is "Name: value" lines.
func ask(s *Server, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost:8080"+target, strings.NewReader(body))
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

const sdp = "Content-Type: application/sdp"

func TestRoutes(t *testing.T) {
	key := "Authorization: Bearer secret"
	for _, c := range []struct {
		name           string
		config         Config
		hub            *fakeHub
		method, target string
		body           string
		header         []string
		status         int
		code           string // of the error
	}{
		{name: "page", method: "GET", target: "/", status: 200},
		{name: "page with key", config: Config{APIKey: "secret"}, method: "GET", target: "/", status: 200},
		{name: "no such file", method: "GET", target: "/nothing", status: 404},
		{name: "health", method: "GET", target: "/healthz", status: 200},
		{name: "health before", config: Config{Ready: notYet}, method: "GET", target: "/healthz", status: 503},
		{name: "metrics", method: "GET", target: "/metrics", status: 200},
		{name: "metrics without key", config: Config{APIKey: "secret"}, method: "GET", target: "/metrics", status: 401, code: "invalid_api_key"},
		{name: "metrics with key", config: Config{APIKey: "secret"}, method: "GET", target: "/metrics", header: []string{key}, status: 200},
		{name: "call", method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp}, status: 201},
		{name: "call by address", method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp, "Host: [::1]:8080"}, status: 201},
		{name: "call before ready", config: Config{Ready: notYet}, method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp}, status: 503, code: "not_ready"},
		{name: "call with type parameters", method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp + "; charset=utf-8"}, status: 201},
		{name: "call without type", method: "POST", target: "/v1/realtime/calls", body: "offer", status: 415, code: "unsupported_media_type"},
		{name: "call as JSON", method: "POST", target: "/v1/realtime/calls", body: "{}", header: []string{"Content-Type: application/json"}, status: 415, code: "unsupported_media_type"},
		{name: "call too large", method: "POST", target: "/v1/realtime/calls", body: strings.Repeat("x", signaling.MaxOffer+1), header: []string{sdp}, status: 413, code: "too_large"},
		{name: "call far too large", method: "POST", target: "/v1/realtime/calls", body: strings.Repeat("x", 2<<20), header: []string{sdp}, status: 413, code: "too_large"},
		{name: "call without key", config: Config{APIKey: "secret"}, method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp}, status: 401, code: "invalid_api_key"},
		{name: "call with wrong key", config: Config{APIKey: "secret"}, method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp, "Authorization: Bearer secre"}, status: 401, code: "invalid_api_key"},
		{name: "call with key", config: Config{APIKey: "secret"}, method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp, key}, status: 201},
		{name: "call by rebinding", method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp, "Host: evil.test"}, status: 403, code: "host_not_allowed"},
		{name: "page by rebinding", method: "GET", target: "/", header: []string{"Host: evil.test:8080"}, status: 403, code: "host_not_allowed"},
		{name: "page by a name of ours", config: Config{Hosts: []string{"omni.test"}}, method: "GET", target: "/", header: []string{"Host: OMNI.test:8080"}, status: 200},
		{name: "call from a website", method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp, "Origin: https://evil.test"}, status: 403, code: "origin_not_allowed"},
		{name: "call from a null origin", method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp, "Origin: null"}, status: 403, code: "origin_not_allowed"},
		{name: "call from a page of this machine", method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp, "Origin: http://127.0.0.1:3000"}, status: 201},
		{name: "call from a website with key", config: Config{APIKey: "secret"}, method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp, key, "Origin: https://app.test"}, status: 201},
		{name: "preflight", config: Config{APIKey: "secret"}, method: "OPTIONS", target: "/v1/realtime/calls", header: []string{"Origin: https://app.test", "Access-Control-Request-Method: POST"}, status: 204},
		{name: "preflight from a website", method: "OPTIONS", target: "/v1/realtime/calls", header: []string{"Origin: https://app.test"}, status: 403, code: "origin_not_allowed"},
		{name: "wrong method", method: "GET", target: "/v1/realtime/calls", status: 405, code: "method_not_allowed"},
		{name: "wrong path", method: "GET", target: "/v1/nothing", status: 404, code: "not_found"},
		{name: "hang up", method: "POST", target: "/v1/realtime/calls/rtc_1/hangup", status: 200},
		{name: "hang up nobody", method: "POST", target: "/v1/realtime/calls/rtc_2/hangup", status: 404, code: "call_not_found"},
		{name: "busy", hub: &fakeHub{err: signaling.ErrBusy}, method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp}, status: 503, code: "busy"},
		{name: "closed", hub: &fakeHub{err: signaling.ErrClosed}, method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp}, status: 503, code: "shutting_down"},
		{name: "bad offer", hub: &fakeHub{err: fmt.Errorf("x: %w", &signaling.Error{Code: "invalid_sdp", Param: "sdp", Message: "no audio"})}, method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp}, status: 400, code: "invalid_sdp"},
		{name: "trouble", hub: &fakeHub{err: errors.New("secret trouble")}, method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp}, status: 500, code: "internal_error"},
		{name: "panic", hub: &fakeHub{panics: true}, method: "POST", target: "/v1/realtime/calls", body: "offer", header: []string{sdp}, status: 500, code: "internal_error"},
		{name: "signal without upgrade", method: "GET", target: "/v1/realtime/signal", status: 400, code: "invalid_upgrade"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := c.hub
			if h == nil {
				h = &fakeHub{}
			}
			w := ask(newServer(t, c.config, h), c.method, c.target, c.body, c.header...)
			if w.Code != c.status {
				t.Fatalf("status %d, want %d: %s", w.Code, c.status, w.Body)
			}
			checkBody(t, w, c.code)
		})
	}
}

func notYet() error { return errors.New("warming the recognizer") }

func checkBody(t *testing.T, w *httptest.ResponseRecorder, code string) {
	t.Helper()
	if w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	if code == "" {
		return
	}
	var b errorBody
	if err := json.Unmarshal(w.Body.Bytes(), &b); err != nil || b.Error.Code != code || b.Error.Message == "" || b.Error.Type == "" {
		t.Errorf("body %s, want code %s", w.Body, code)
	}
	if strings.Contains(b.Error.Message, "secret") {
		t.Errorf("the message tells a secret: %s", b.Error.Message)
	}
	if strings.Count(w.Body.String(), "{") > 2 {
		t.Errorf("more than one body: %s", w.Body)
	}
}

func TestCall(t *testing.T) {
	h := &fakeHub{}
	s := newServer(t, Config{APIKey: "secret"}, h)
	w := ask(s, "POST", "/v1/realtime/calls", "offer", sdp, "Authorization: Bearer secret", "Origin: https://app.test")
	for name, want := range map[string]string{
		"Content-Type": "application/sdp", "Location": "/v1/realtime/calls/rtc_1", "Access-Control-Allow-Origin": "https://app.test",
		"Access-Control-Expose-Headers": "Location, Retry-After",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if w.Body.String() != "answer to offer" {
		t.Errorf("body %q", w.Body)
	}
	w = ask(s, "OPTIONS", "/v1/realtime/calls", "", "Origin: https://app.test")
	if got := w.Header().Get("Access-Control-Allow-Headers"); !strings.Contains(got, "X-OpenAI-Agents-SDK") || !strings.Contains(got, "Authorization") {
		t.Errorf("allowed headers %q", got)
	}
}

// The unified form: an offer and a session side by side.
func TestForm(t *testing.T) {
	for name, c := range map[string]struct {
		parts  []string // name, value
		status int
	}{
		"both":        {[]string{"sdp", "offer", "session", `{"type":"realtime"}`}, 201},
		"sdp alone":   {[]string{"sdp", "offer"}, 201},
		"no sdp":      {[]string{"session", "{}"}, 400},
		"other field": {[]string{"sdp", "offer", "model", "x"}, 400},
		"large":       {[]string{"sdp", strings.Repeat("x", signaling.MaxOffer+1)}, 413},
	} {
		t.Run(name, func(t *testing.T) {
			h := &fakeHub{}
			var b bytes.Buffer
			form := multipart.NewWriter(&b)
			for i := 0; i < len(c.parts); i += 2 {
				p, _ := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + c.parts[i] + `"`}})
				_, _ = io.WriteString(p, c.parts[i+1])
			}
			_ = form.Close()
			w := ask(newServer(t, Config{}, h), "POST", "/v1/realtime/calls", b.String(), "Content-Type: "+form.FormDataContentType())
			if w.Code != c.status {
				t.Fatalf("status %d, want %d: %s", w.Code, c.status, w.Body)
			}
			if name == "both" && h.session != `{"type":"realtime"}` {
				t.Errorf("session %q", h.session)
			}
		})
	}
	if w := ask(newServer(t, Config{}, &fakeHub{}), "POST", "/v1/realtime/calls", "x", "Content-Type: multipart/form-data"); w.Code != 400 {
		t.Errorf("form without boundary: status %d", w.Code)
	}
}

// What may be opened to whom.
func TestNewRefuses(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.pem")
	if err := os.WriteFile(bad, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config Config
		want   string // in the error; empty: it is opened
	}{
		"loopback":             {Config{Listen: "127.0.0.1:0"}, ""},
		"localhost":            {Config{Listen: "localhost:0"}, ""},
		"everywhere":           {Config{Listen: "0.0.0.0:0"}, "API key and TLS"},
		"everywhere, implied":  {Config{Listen: ":0"}, "API key and TLS"},
		"key without TLS":      {Config{Listen: "0.0.0.0:0", APIKey: "k"}, "TLS files"},
		"TLS without key":      {Config{Listen: "0.0.0.0:0", TLS: TLS{SelfSigned: true}}, "an API key"},
		"key and TLS":          {Config{Listen: "0.0.0.0:0", APIKey: "k", TLS: TLS{SelfSigned: true}}, ""},
		"insecure":             {Config{Listen: "0.0.0.0:0", Insecure: true}, ""},
		"not an address":       {Config{Listen: "8080"}, "host:port"},
		"half a key pair":      {Config{TLS: TLS{CertFile: "x"}}, "key file"},
		"missing certificate":  {Config{Listen: "127.0.0.1:0", TLS: TLS{CertFile: "/none.pem", KeyFile: "/none.key"}}, "/none.pem"},
		"nonsense certificate": {Config{Listen: "127.0.0.1:0", TLS: TLS{CertFile: bad, KeyFile: bad}}, bad},
		"port taken":           {Config{Listen: newServer(t, Config{}, &fakeHub{}).listener.Addr().String()}, "--listen"},
	} {
		s, err := New(c.config, &fakeHub{})
		if err == nil {
			_ = s.listener.Close()
		}
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// start runs a server and stops it at the end of the test.
func start(t *testing.T, c Config, h Hub) (s *Server, stop func() error) {
	t.Helper()
	s = newServer(t, c, h)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	return s, func() error { cancel(); return <-done }
}

// A self-signed certificate serves, names this machine, and is kept and used again.
func TestSelfSigned(t *testing.T) {
	dir := t.TempDir()
	files := TLS{SelfSigned: true, CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}
	var first []byte
	for range 2 {
		s, stop := start(t, Config{TLS: files}, &fakeHub{})
		var seen []byte
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
			InsecureSkipVerify: true,
			VerifyConnection: func(cs tls.ConnectionState) error {
				seen = cs.PeerCertificates[0].Raw
				return cs.PeerCertificates[0].VerifyHostname("127.0.0.1")
			},
		}}}
		res, err := client.Get(s.URL())
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		client.CloseIdleConnections()
		if res.StatusCode != 200 || !strings.HasPrefix(s.URL(), "https://127.0.0.1:") {
			t.Errorf("%s: %s", s.URL(), res.Status)
		}
		if first != nil && !bytes.Equal(first, seen) {
			t.Error("the second start made another certificate")
		}
		first = seen
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
	if info, err := os.Stat(files.KeyFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", info.Mode(), err)
	}
}

// A WebSocket is served, by the key in its sub-protocol, and ends with the server.
func TestWebSocket(t *testing.T) {
	s, stop := start(t, Config{APIKey: "secret"}, &fakeHub{})
	url := strings.Replace(s.URL(), "http", "ws", 1) + "v1/realtime/signal"
	if _, res, err := websocket.DefaultDialer.Dial(url, nil); err == nil || res.StatusCode != 401 {
		t.Errorf("without a key: %v", err)
	}
	dialer := websocket.Dialer{Subprotocols: []string{"realtime", "openai-insecure-api-key.secret"}}
	c, _, err := dialer.Dial(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Subprotocol() != "realtime" {
		t.Errorf("sub-protocol %q", c.Subprotocol())
	}
	if err := c.WriteMessage(websocket.TextMessage, []byte("hi")); err != nil {
		t.Fatal(err)
	}
	if _, b, err := c.ReadMessage(); err != nil || string(b) != "echo hi" {
		t.Errorf("got %q, %v", b, err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, _, err := c.ReadMessage(); err == nil {
		t.Error("the socket outlived the server")
	}
}

// Who is refused is told when to come again: as the hub estimates it, where it does.
func TestRetryAfter(t *testing.T) {
	for want, err := range map[string]error{
		"5":  signaling.ErrBusy,
		"38": fmt.Errorf("open session: %w", &signaling.BusyError{RetryAfter: 37*time.Second + time.Millisecond}),
	} {
		s := newServer(t, Config{}, &fakeHub{err: err})
		r := ask(s, "POST", "/v1/realtime/calls", "offer", sdp)
		if got := r.Header().Get("Retry-After"); r.Code != 503 || got != want || !strings.Contains(r.Body.String(), "in "+want+" seconds") {
			t.Errorf("%v: status %d, Retry-After %q, %s; want %s", err, r.Code, got, r.Body, want)
		}
	}
}

// The health of a server tells a balancer how much room there is.
func TestHealthTellsTheLoad(t *testing.T) {
	r := ask(newServer(t, Config{}, &fakeHub{}), "GET", "/healthz", "")
	if got := strings.TrimSpace(r.Body.String()); got != `{"status":"ok","calls":3,"waiting":2,"load":0.75,"call_cost":0.125}` {
		t.Errorf("health %s", got)
	}
}

func TestMetrics(t *testing.T) {
	m := NewMetrics()
	m.CallStarted()
	m.CallStarted()
	m.CallEnded("hangup", 90*time.Second)
	m.Turn(signaling.Latency{Total: 650 * time.Millisecond, Speculated: true})
	m.Event(true)
	m.Event(false)
	m.Failed("invalid_value")
	m.Dropped("audio")
	m.Underrun(40 * time.Millisecond)
	m.Underrun(60 * time.Millisecond)
	s := newServer(t, Config{Metrics: m}, &fakeHub{})
	text := ask(s, "GET", "/metrics", "").Body.String()
	for _, line := range []string{
		"omnilive_calls_total 2", "omnilive_calls_active 1", `omnilive_calls_ended_total{cause="hangup"} 1`, "omnilive_calls_refused_total 1",
		"omnilive_turns_total 1", "omnilive_turns_speculated_total 1", `omnilive_turn_latency_seconds_bucket{stage="total",le="0.7"} 1`,
		`omnilive_turn_latency_seconds_bucket{stage="total",le="0.6"} 0`, `omnilive_events_total{direction="in"} 1`,
		"omnilive_load 0.75", "omnilive_call_cost 0.1252", "omnilive_calls_waiting 2", "omnilive_calls_waited_total 5", "omnilive_calls_left_total 4",
		"omnilive_pacer_underruns_total 2", "omnilive_pacer_dry_seconds_total 0.1",
		`omnilive_errors_total{code="invalid_value"} 1`, `omnilive_dropped_total{what="audio"} 1`, `omnilive_call_duration_seconds_count{cause="hangup"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed: the metrics' form was not checked")
	}
	cmd := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

// docs/metrics.md names every metric of ours.
func TestMetricsAreWrittenDown(t *testing.T) {
	doc, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	m := NewMetrics()
	m.CallEnded("hangup", time.Second)
	m.Turn(signaling.Latency{})
	m.Event(true)
	m.Failed("x")
	m.Dropped("x")
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	for _, f := range families {
		name, ok := strings.CutPrefix(f.GetName(), namespace+"_")
		if !ok {
			continue
		}
		if ours++; !strings.Contains(string(doc), "`"+name+"`") && !strings.Contains(string(doc), "`"+name+"{") {
			t.Errorf("docs/metrics.md does not name %s", name)
		}
	}
	if ours < 18 {
		t.Errorf("only %d metrics found", ours)
	}
}

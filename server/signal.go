package server

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"omnilive/signaling"
)

// WebSocket sub-protocols, spelled as the OpenAI clients do.
const (
	realtimeProtocol = "realtime"
	keyProtocol      = "openai-insecure-api-key."
)

// Times of a WebSocket: a ping every pingEvery; who answers none of two is gone.
const (
	pingEvery = 20 * time.Second
	pongWait  = 50 * time.Second
	writeWait = 5 * time.Second
)

func protocols(r *http.Request) []string {
	var ps []string
	for _, p := range strings.Split(r.Header.Get("Sec-Websocket-Protocol"), ",") {
		ps = append(ps, strings.TrimSpace(p))
	}
	return ps
}

// signal upgrades to a WebSocket and lets the hub speak on it.
func (s *Server) signal(w http.ResponseWriter, r *http.Request) {
	if err := s.ready(); err != nil {
		w.Header().Set("Retry-After", retryAfter)
		writeError(w, http.StatusServiceUnavailable, "not_ready", "the server is starting: %v", err)
		return
	}
	up := websocket.Upgrader{
		HandshakeTimeout: headerTimeout, Subprotocols: []string{realtimeProtocol},
		CheckOrigin: s.guard.origin,
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			writeError(w, status, "invalid_upgrade", "%v", reason)
		},
	}
	s.sockets.Add(1)
	defer s.sockets.Done()
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	conn.SetReadLimit(maxCallBody)
	_ = conn.SetReadDeadline(time.Now().Add(pongWait))
	conn.SetPongHandler(func(string) error { return conn.SetReadDeadline(time.Now().Add(pongWait)) })
	s.sockets.Go(func() { s.ping(ctx, conn) })
	if err := s.hub.Signal(ctx, deadlines{conn}); err != nil {
		s.config.Log.Debug("signal", "error", err)
	}
	_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(writeWait))
}

// ping keeps the socket alive, and closes it when the server ends.
func (s *Server) ping(ctx context.Context, conn *websocket.Conn) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_ = conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait))
		case <-s.over:
			_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, "shutting down"), time.Now().Add(writeWait))
			_ = conn.Close()
			return
		case <-ctx.Done():
			return
		}
	}
}

// deadlines bounds every write.
type deadlines struct{ *websocket.Conn }

func (d deadlines) WriteMessage(kind int, data []byte) error {
	if err := d.SetWriteDeadline(time.Now().Add(writeWait)); err != nil {
		return err
	}
	return d.Conn.WriteMessage(kind, data)
}

var _ signaling.Socket = deadlines{}

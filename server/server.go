// Package server is the HTTP side of omnilive: the page, the calls, health and metrics.
//
//	GET  /                                 the page
//	POST /v1/realtime/calls                an SDP offer in, 201 and the SDP answer out
//	POST /v1/realtime/calls/{id}/hangup    ends a call
//	GET  /v1/realtime/signal               the same over a WebSocket, with trickled candidates
//	GET  /healthz                          200 once calls are taken, 503 before
//	GET  /metrics                          Prometheus
//
// It listens on loopback unless told otherwise. On loopback without an API key only pages of this machine may call, and only
// by a name of this machine, so that a website in the user's browser cannot. Anywhere else an API key and TLS are demanded,
// or Config.Insecure.
//
// # Concurrency
//
// New and Run are called once. Metrics may be used by any goroutine.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"omnilive/signaling"
	"omnilive/web"
)

// Config of a Server. The zero value serves the page on 127.0.0.1:8080.
type Config struct {
	Listen   string       // host:port; empty means 127.0.0.1:8080
	APIKey   string       // the bearer token callers must send; empty: none is needed, on loopback only
	TLS      TLS          // plain HTTP by default
	Insecure bool         // allow an address beyond loopback without key or TLS
	Hosts    []string     // further Host names accepted on loopback, and their origins, such as omni.test
	Ready    func() error // says what calls still wait for; nil means nothing
	Page     fs.FS        // nil means web.Files()
	Metrics  *Metrics     // nil means new ones, which then count HTTP alone
	Log      *slog.Logger // nil means slog.Default()
}

// TLS says where the server's certificate comes from.
type TLS struct {
	CertFile, KeyFile string // PEM
	SelfSigned        bool   // make one; kept in CertFile and KeyFile if they are given
}

func (t TLS) on() bool { return t.SelfSigned || t.CertFile != "" || t.KeyFile != "" }

// Times of HTTP.
const (
	headerTimeout   = 5 * time.Second
	readTimeout     = 20 * time.Second
	writeTimeout    = 45 * time.Second // an answer may wait for its candidates
	idleTimeout     = 60 * time.Second
	shutdownTimeout = 10 * time.Second
	maxHeader       = 16 << 10
)

// A Hub takes calls; *signaling.Hub is one.
type Hub interface {
	Answer(ctx context.Context, offer string, o signaling.CallOptions) (id, answer string, err error)
	Hangup(id string) error
	Signal(ctx context.Context, s signaling.Socket) error
	Stats() signaling.Stats
}

// A Server serves HTTP for a Hub.
type Server struct {
	config   Config
	hub      Hub
	guard    guard
	listener net.Listener
	scheme   string
	sockets  sync.WaitGroup // WebSockets, which http.Server.Shutdown does not know
	over     chan struct{}  // closed when the server ends
}

// New checks c and opens the address.
func New(c Config, hub Hub) (*Server, error) {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
	}
	if c.Page == nil {
		c.Page = web.Files()
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics()
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	c.Metrics.watch(hub)
	loopback, err := c.check()
	if err != nil {
		return nil, err
	}
	s := &Server{
		config: c, hub: hub, over: make(chan struct{}), scheme: "http",
		guard: guard{key: c.APIKey, local: loopback, hosts: c.Hosts},
	}
	if s.listener, err = net.Listen("tcp", c.Listen); err != nil {
		return nil, fmt.Errorf("listen on %s (is another server running there? choose another address with --listen): %w", c.Listen, err)
	}
	if !c.TLS.on() {
		return s, nil
	}
	cert, err := c.TLS.certificate()
	if err != nil {
		_ = s.listener.Close()
		return nil, err
	}
	s.scheme = "https"
	s.listener = tls.NewListener(s.listener, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	return s, nil
}

// check says whether the address is a loopback one, and refuses what is not safe.
func (c Config) check() (loopback bool, err error) {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return false, fmt.Errorf("listen address %q: not host:port, such as 127.0.0.1:8080", c.Listen)
	}
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		return false, errors.New("TLS needs a certificate file and a key file; only one of them is given")
	}
	loopback = isLoopback(host)
	switch {
	case loopback || c.Insecure:
		return loopback, nil
	case c.APIKey == "" && !c.TLS.on():
		return false, fmt.Errorf("listen address %q can be reached from other machines: give an API key and TLS (own files or a self-signed certificate), or allow it with --insecure", c.Listen)
	case c.APIKey == "":
		return false, fmt.Errorf("listen address %q can be reached from other machines: give an API key, or allow it with --insecure", c.Listen)
	case !c.TLS.on():
		return false, fmt.Errorf("listen address %q can be reached from other machines: give TLS files or choose a self-signed certificate, or allow it with --insecure", c.Listen)
	}
	return false, nil
}

// URL is where the page is. An address that stands for all of the machine's is written as localhost.
func (s *Server) URL() string {
	host, port, err := net.SplitHostPort(s.listener.Addr().String())
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return s.scheme + "://" + net.JoinHostPort(host, port) + "/"
}

// Run serves until ctx ends, then finishes the requests under way, for at most 10 s.
func (s *Server) Run(ctx context.Context) error {
	h := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.config.Log.Handler(), slog.LevelDebug),
	}
	done := make(chan error, 1)
	go func() { done <- h.Serve(s.listener) }()
	select {
	case err := <-done:
		close(s.over)
		s.sockets.Wait()
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	close(s.over)
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err := h.Shutdown(late)
	if err != nil {
		_ = h.Close()
	}
	<-done
	s.sockets.Wait()
	if err != nil {
		return fmt.Errorf("shut down: %w", err)
	}
	return nil
}

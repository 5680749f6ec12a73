package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"omnilive/model"
	"omnilive/server"
	"omnilive/signaling"
	"omnilive/streaming"
)

// serveFlags are the flags of serve beside those of the model.
type serveFlags struct {
	model     *modelFlags
	http      server.Config
	hosts     string
	mediaPort int
	publicIPs string
	queue     int
	lite      bool
	verbose   bool
}

func parseServe(args []string) (*serveFlags, error) {
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	f := &serveFlags{model: newModelFlags(fs)}
	fs.StringVar(&f.http.Listen, "listen", "127.0.0.1:8080", "`host:port` of page and calls; beyond loopback an API key and TLS are needed, or --insecure")
	fs.StringVar(&f.http.APIKey, "api-key", os.Getenv("OMNILIVE_API_KEY"), "bearer token that callers must send (default $OMNILIVE_API_KEY)")
	fs.StringVar(&f.http.TLS.CertFile, "tls-cert", "", "certificate `file` (PEM)")
	fs.StringVar(&f.http.TLS.KeyFile, "tls-key", "", "key `file` (PEM)")
	fs.BoolVar(&f.http.TLS.SelfSigned, "tls-self-signed", false, "make a certificate; it is kept in --tls-cert and --tls-key where they are given")
	fs.BoolVar(&f.http.Insecure, "insecure", false, "allow an address beyond loopback without key and TLS")
	fs.IntVar(&f.queue, "queue", 8, "calls that may wait, each with its position, while there is no place or the model is too busy; more get 503")
	fs.StringVar(&f.hosts, "hosts", "", "further host names that pages on loopback may use, with commas")
	fs.IntVar(&f.mediaPort, "media-port", 0, "UDP and TCP port of all media; 0 means any free one")
	fs.StringVar(&f.publicIPs, "public-ip", "", "addresses to announce in place of the private ones, with commas (1:1 NAT)")
	fs.BoolVar(&f.lite, "ice-lite", false, "ICE-lite: for a server with a public address")
	fs.BoolVar(&f.verbose, "verbose", false, "log what every call does")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("serve: unexpected argument %q", fs.Arg(0))
	}
	if f.queue < 0 || f.queue > mostQueue {
		return nil, fmt.Errorf("serve: --queue %d: want 0 to %d", f.queue, mostQueue)
	}
	return f, nil
}

// mostQueue is how many calls may wait at most: each holds a connection.
const mostQueue = 1000

// errLoading is what callers get until the models are warm.
var errLoading = errors.New("the models are being loaded")

// runServe opens the door at once and takes calls as soon as the models are warm.
func runServe(ctx context.Context, args []string, stdout io.Writer) error {
	f, err := parseServe(args)
	if err != nil {
		return err
	}
	if f.verbose {
		slog.SetLogLoggerLevel(slog.LevelDebug)
	}
	var ready atomic.Pointer[stack]
	metrics := server.NewMetrics()
	hub, err := signaling.New(f.hubConfig(&ready, metrics))
	if err != nil {
		return err
	}
	f.http.Metrics = metrics
	f.http.Hosts = split(f.hosts)
	f.http.Ready = func() error {
		if ready.Load() == nil {
			return errLoading
		}
		return nil
	}
	srv, err := server.New(f.http, hub)
	if err != nil {
		return err
	}
	return f.run(ctx, srv, hub, &ready, stdout)
}

// run serves until ctx ends: the server, the hub and, once loaded, the models; they end in that order.
func (f *serveFlags) run(ctx context.Context, srv *server.Server, hub *signaling.Hub, ready *atomic.Pointer[stack], stdout io.Writer) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return srv.Run(ctx) })
	g.Go(func() error { return hub.Run(ctx) })
	g.Go(func() error {
		s, err := f.model.openStack(ctx)
		if err != nil {
			return err
		}
		ready.Store(s)
		_, err = fmt.Fprintf(stdout, "\nomnilive is ready: open %s\n", srv.URL())
		return err
	})
	err := g.Wait()
	if s := ready.Load(); s != nil {
		err = errors.Join(err, s.close())
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (f *serveFlags) hubConfig(ready *atomic.Pointer[stack], m signaling.Meter) signaling.Config {
	c := signaling.Config{
		NewSession: func(p streaming.Ports) (streaming.Runner, error) {
			s := ready.Load()
			if s == nil {
				return nil, errLoading
			}
			config := s.config
			config.Dropped, config.Underrun = m.Dropped, m.Underrun
			r, err := streaming.NewSession(config, p)
			if errors.Is(err, model.ErrBusy) {
				return nil, signaling.ErrBusy
			}
			return r, err
		},
		Voices: func() []string {
			if s := ready.Load(); s != nil {
				return s.model.Abilities().Voices
			}
			return nil
		},
		Calls: f.model.lines(), Admission: admission(ready, f.queue), Meter: m,
		Network: signaling.Network{Port: f.mediaPort, Reach: reach(f.http.Listen), Lite: f.lite, PublicIPs: split(f.publicIPs)},
	}
	return c
}

// admission has calls wait where the model, once it is loaded, says that it is too busy.
func admission(ready *atomic.Pointer[stack], queue int) signaling.Admission {
	worker := func() model.Worker {
		if s := ready.Load(); s != nil {
			w, _ := s.model.(model.Worker)
			return w
		}
		return nil
	}
	return signaling.Admission{
		Queue: queue,
		Busy: func(dst []time.Duration) []time.Duration {
			if w := worker(); w != nil {
				return w.Work(dst)
			}
			return dst
		},
		Cost: func() float64 {
			if w := worker(); w != nil {
				return w.Cost()
			}
			return 0
		},
	}
}

// reach says from where calls may come, given where the page is.
func reach(listen string) signaling.Reach {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return signaling.ReachLoopback
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return signaling.ReachMachine
	}
	return signaling.ReachNetwork
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

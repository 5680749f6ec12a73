package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// runHealth is the subcommand health: it asks a running server whether it is ready and fails where it is not. It is what
// a container's health check calls.
func runHealth(ctx context.Context, args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("health", flag.ContinueOnError)
	address := fs.String("address", "127.0.0.1:8080", "host:port of the server")
	wait := fs.Duration("timeout", 4*time.Second, "give up after this long")
	if err := fs.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, *wait)
	defer cancel()
	plain := askReady(ctx, "http://"+*address, nil)
	if plain == nil {
		return sayReady(stdout)
	}
	if err := askReady(ctx, "https://"+*address, loopbackTLS(*address)); err != nil {
		return fmt.Errorf("%s is not ready: %w", *address, errors.Join(plain, err))
	}
	return sayReady(stdout)
}

func sayReady(stdout io.Writer) error {
	_, err := fmt.Fprintln(stdout, "ready")
	return err
}

// loopbackTLS trusts any certificate of a server on this very machine, whose own is often self-signed.
func loopbackTLS(address string) *tls.Config {
	host, _, err := net.SplitHostPort(address)
	local := err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback())
	return &tls.Config{InsecureSkipVerify: local, MinVersion: tls.VersionTLS12}
}

func askReady(ctx context.Context, base string, config *tls.Config) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz", nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		said, err := io.ReadAll(io.LimitReader(resp.Body, 300))
		return errors.Join(fmt.Errorf("%s: %s", resp.Status, strings.TrimSpace(string(said))), err)
	}
	return nil
}

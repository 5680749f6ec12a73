// Package web holds the page: one call, made by pressing one button.
//
// The page is plain HTML, CSS and ES modules without a build step. It loads nothing from elsewhere and keeps every script
// and style in a file of its own, so it runs under the content security policy
//
//	default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob: mediastream:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'
//
// It talks to the server that served it: POST v1/realtime/calls and the events of the OpenAI Realtime protocol over the data
// channel "oai-events".
//
// # Concurrency
//
// Everything here is read only and may be used by any number of goroutines at once.
package web

import (
	"embed"
	"io/fs"
)

//go:embed static
var static embed.FS

// Files returns the page's files, index.html at the root.
func Files() fs.FS {
	root, err := fs.Sub(static, "static")
	if err != nil { // only an invalid name makes fs.Sub fail, and this one is constant
		return static
	}
	return root
}

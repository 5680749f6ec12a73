// Package plot draws lines over two axes as SVG that stands alone: no scripts, no fonts of its own, in the colours of whoever looks
// at it, light or dark.
//
// # Concurrency
//
// Functions share nothing.
package plot

package main

import (
	"testing"

	"omnilive/model/omni/language"
)

func TestWindowFor(t *testing.T) {
	published := language.Config{Layers: 36, KeyHeads: 8, HeadSize: 128, Positions: 131072}
	for _, c := range []struct {
		asked, windows int
		free           int64
		want           int
	}{
		{0, 2, 64 << 30, 32768},
		{0, 9, 64 << 30, 8192},
		{0, 9, 1 << 30, 4096},
		{2000, 9, 1 << 30, 2000},
		{0, 9, 0, 32768}, // nobody knows how much is free
	} {
		if got := windowFor(c.asked, c.windows, published, c.free); got != c.want {
			t.Errorf("%d windows in %d MB: %d positions, want %d", c.windows, c.free>>20, got, c.want)
		}
	}
	if got := windowFor(0, 9, language.Config{Layers: 3, KeyHeads: 3, HeadSize: 8, Positions: 8192}, 1<<30); got != 8192 {
		t.Errorf("a small model's window has %d positions", got)
	}
}

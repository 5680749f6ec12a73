package main

import (
	"cmp"

	"omnilive/model/omni/language"
)

// How many positions the window of a call with an omni model has: 32K holds an hour of video call, half a minute of speech takes
// 1500, a look at the camera about 180.
const (
	omniWindow  = 32768
	leastWindow = 4096
)

// windowFor is how many positions each of so many windows gets. Unless somebody asked for a number it is halved until all of
// them take no more than a quarter of the memory that is free.
func windowFor(asked, windows int, c language.Config, free int64) int {
	if asked > 0 {
		return asked
	}
	n := min(omniWindow, int(cmp.Or(c.Positions, omniWindow)))
	position := c.Layers * c.KeyHeads * c.HeadSize * 4 // keys and values of 2 bytes
	for n/2 >= leastWindow && free > 0 && int64(windows)*int64(n)*position > free/4 {
		n /= 2
	}
	return n
}

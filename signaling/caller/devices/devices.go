// Package devices brings a person into a call without a browser: the microphone, the camera and the loudspeaker of this
// machine, in the shapes that caller.Options takes.
//
// Microphones and cameras come through the drivers of pion/mediadevices, loudspeakers straight from miniaudio, which
// mediadevices uses for its microphones too. There is no echo canceller: who talks over loudspeakers interrupts the
// answer with the answer.
//
// # Concurrency
//
// List and the Open functions may be called by one goroutine at a time. A Microphone, a Camera and a Loudspeaker each have
// one owner, who closes it after the call that uses it has ended; Loudspeaker.Play and Clear may be called by any goroutine.
package devices

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pion/mediadevices/pkg/driver"

	// These two find the microphones and cameras of this machine when the program starts, and register them: that is how
	// mediadevices wants its drivers to be named.
	_ "github.com/pion/mediadevices/pkg/driver/camera"
	_ "github.com/pion/mediadevices/pkg/driver/microphone"
)

// A Kind is a kind of device.
type Kind string

// The kinds of device.
const (
	KindMicrophone  Kind = "microphone"
	KindCamera      Kind = "camera"
	KindLoudspeaker Kind = "loudspeaker"
)

// A Device is one that a call may use.
type Device struct {
	Kind    Kind
	Name    string // as the system tells it
	Default bool   // taken when no name is asked for
}

// silent tells by its label, the id in hexadecimal, a device that is always there and always silent: ALSA's is called null,
// miniaudio's own has the number 0.
func silent(label string) bool { return label == "6e756c6c" || label == "00" }

// List is what this machine has: microphones, cameras, loudspeakers, those taken by default first.
func List() []Device {
	var list []Device
	for _, kind := range []Kind{KindMicrophone, KindCamera} {
		for i, d := range registered(kind) {
			list = append(list, Device{Kind: kind, Name: title(d), Default: i == 0})
		}
	}
	return append(list, loudspeakers()...)
}

// registered are the drivers of a kind, the one to prefer first.
func registered(kind Kind) []driver.Driver {
	filter := driver.FilterAudioRecorder()
	if kind == KindCamera {
		filter = driver.FilterAnd(driver.FilterVideoRecorder(), driver.FilterDeviceType(driver.Camera))
	}
	found := slices.DeleteFunc(driver.GetManager().Query(filter), func(d driver.Driver) bool { return silent(d.Info().Label) })
	slices.SortFunc(found, func(a, b driver.Driver) int {
		return cmp.Or(cmp.Compare(b.Info().Priority, a.Info().Priority), cmp.Compare(title(a), title(b)))
	})
	return found
}

// title is what people call a device.
func title(d driver.Driver) string {
	name := strings.Trim(strings.ReplaceAll(d.Info().Name, ";", " "), " ")
	if name == "" {
		return d.Info().Label
	}
	return name
}

// find is the first driver of a kind whose name contains the one asked for, in any case of letters.
func find(kind Kind, name string) (driver.Driver, error) {
	found := registered(kind)
	if len(found) == 0 {
		return nil, missing(kind)
	}
	for _, d := range found {
		if matches(title(d), name) {
			return d, nil
		}
	}
	return nil, unknown(kind, name)
}

func matches(name, asked string) bool {
	return strings.Contains(strings.ToLower(name), strings.ToLower(asked))
}

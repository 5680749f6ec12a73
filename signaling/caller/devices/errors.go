package devices

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/gen2brain/malgo"
)

// ErrNone means that this machine has no device of the kind asked for.
var ErrNone = errors.New("no such device")

// nodes are where Linux shows devices of each kind, and groups who may use them.
var (
	nodes = map[Kind]string{
		KindMicrophone: "/dev/snd/pcmC*D*c", KindLoudspeaker: "/dev/snd/pcmC*D*p", KindCamera: "/dev/video*",
	}
	groups = map[Kind]string{KindMicrophone: "audio", KindLoudspeaker: "audio", KindCamera: "video"}
)

// missing says what to do when there is no device of a kind, or none that this user may see.
func missing(kind Kind) error {
	paths, _ := filepath.Glob(nodes[kind])
	for _, path := range paths {
		f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
		if errors.Is(err, fs.ErrPermission) {
			return refused(kind, path, err)
		}
		if err == nil {
			_ = f.Close()
		}
	}
	remedy := "plug one in"
	if kind != KindCamera {
		remedy += ", see that the sound server (PipeWire or PulseAudio) runs"
	}
	if kind == KindMicrophone {
		remedy += ", or ask a question with --say"
	}
	return fmt.Errorf("no %s on this machine: %s: %w", kind, remedy, ErrNone)
}

func unknown(kind Kind, name string) error {
	return fmt.Errorf("no %s with %q in its name: --list-devices shows the names: %w", kind, name, ErrNone)
}

func refused(kind Kind, name string, err error) error {
	return fmt.Errorf("no permission to use the %s %s: add this user to the group %s (sudo usermod -aG %[3]s $USER) and log in again: %w",
		kind, name, groups[kind], err)
}

// unopened adds the remedy to what went wrong when a device was opened.
func unopened(kind Kind, name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, malgo.ErrAccessDenied):
		return refused(kind, name, err)
	case errors.Is(err, syscall.EBUSY), errors.Is(err, malgo.ErrBusy), errors.Is(err, malgo.ErrAlreadyInUse):
		return fmt.Errorf("the %s %s is in use: close the program that has it: %w", kind, name, err)
	case errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENOENT), errors.Is(err, malgo.ErrNoDevice):
		return fmt.Errorf("the %s %s has gone: plug it in again: %w", kind, name, err)
	}
	return fmt.Errorf("open %s %s: %w (--list-devices shows the others)", kind, name, err)
}

package convert

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"omnilive/model/gguf"
	"omnilive/model/omni"
)

// spare is what must stay free on the disk.
const spare = 64 << 20

// A marker is the file that lies in a folder while it is being written. The process that writes holds it, and keeps in it
// the sums of the checkpoint's files, which take long to compute.
type marker struct {
	file *os.File
	sums map[string]sum
}

// A sum is that of a file as it was at some time.
type sum struct {
	Size   int64  `json:"size"`
	Time   int64  `json:"time"` // nanoseconds
	SHA256 string `json:"sha256"`
}

// maxMarker bounds what is read of an earlier marker.
const maxMarker = 16 << 20

// open makes the folder ours: it is empty, or has a conversion in it, and nobody else writes it.
func (r *run) open() error {
	if err := os.MkdirAll(r.o.Out, 0o755); err != nil {
		return err
	}
	if from, err := os.Stat(r.f.Dir); err == nil {
		if to, err := os.Stat(r.o.Out); err == nil && os.SameFile(from, to) {
			return errors.New("the folder to write is the checkpoint itself: name another one")
		}
	}
	path := filepath.Join(r.o.Out, omni.UnfinishedFile)
	_, err1 := os.Lstat(path)
	_, err2 := os.Lstat(filepath.Join(r.o.Out, omni.ManifestFile))
	if err1 != nil && err2 != nil {
		entries, err := os.ReadDir(r.o.Out)
		if err == nil && len(entries) > 0 {
			err = fmt.Errorf("%s is not empty and holds no conversion: name a new folder", r.o.Out)
		}
		if err != nil {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	r.closes = append(r.closes, f.Close)
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("%s is being written by another process (%w)", r.o.Out, err)
	}
	r.mark = &marker{file: f, sums: map[string]sum{}}
	text, err := io.ReadAll(io.LimitReader(f, maxMarker))
	if err == nil && json.Unmarshal(text, &r.mark.sums) != nil {
		r.mark.sums = map[string]sum{} // cut off while it was written
	}
	return err
}

// keep writes the sums down.
func (m *marker) keep() error {
	text, err := json.Marshal(m.sums)
	if err != nil {
		return err
	}
	if err := m.file.Truncate(0); err != nil {
		return err
	}
	_, err = m.file.WriteAt(text, 0)
	return err
}

func (m *marker) remove() error { return remove(m.file.Name()) }

// room checks that the disk has room for what is still to be written, and completes the headers of all files.
func (r *run) room() error {
	need, total := int64(spare), int64(0)
	for _, j := range r.jobs {
		if err := j.header(r); err != nil {
			return err
		}
		size, err := gguf.Size(j.values, j.tensors)
		if err != nil {
			return fmt.Errorf("%s: %w", j.name, err)
		}
		path := filepath.Join(r.o.Out, filepath.FromSlash(j.name))
		for _, p := range []string{path, path + gguf.Unfinished} {
			if st, err := os.Lstat(p); err == nil {
				size -= st.Size() // it is there, or given back before
			}
		}
		need += max(0, size)
		total += j.elements(len(j.tensors))
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(r.o.Out, &disk); err != nil {
		return fmt.Errorf("free space of %s: %w", r.o.Out, err)
	}
	free := int64(disk.Bavail) * int64(disk.Bsize) //nolint:unconvert // the types differ between systems
	if free < need {
		return fmt.Errorf("%s has %d MB free, the converted checkpoint needs %d MB more: make room, name another folder or keep less with --quant",
			r.o.Out, free>>20, need>>20)
	}
	r.stage(total)
	return nil
}

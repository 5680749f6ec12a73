package parts

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// stampFile is kept in each root folder: what was checked, and how the file looked then.
const stampFile = ".verified.json"

// A stamp is the memory of one check.
type stamp struct {
	Size   int64     `json:"size"`
	Time   time.Time `json:"time"` // modification time
	SHA256 string    `json:"sha256"`
	Made   string    `json:"made,omitempty"` // of a file made by a Step: what it was made from
}

// stamps are those of one root folder, by path with slashes.
type stamps struct {
	dir     string
	files   map[string]stamp
	changed bool
}

// loadStamps reads the stamps of dir; where they are missing or unreadable there are none, and files are read again.
func loadStamps(dir string) *stamps {
	s := &stamps{dir: dir, files: map[string]stamp{}}
	text, err := os.ReadFile(filepath.Join(dir, stampFile))
	if err != nil || json.Unmarshal(text, &s.files) != nil || s.files == nil {
		s.files = map[string]stamp{}
	}
	return s
}

func (s *stamps) save() error {
	if !s.changed {
		return nil
	}
	text, err := json.MarshalIndent(s.files, "", " ")
	if err != nil {
		return err
	}
	err = writeWhole(filepath.Join(s.dir, stampFile), func(f *os.File) error {
		_, err := f.Write(append(text, '\n'))
		return err
	})
	if err == nil {
		s.changed = false
	}
	return err
}

// holds reports whether the file is as it was when its sum was found to be sum.
func (s *stamps) holds(path string, info fs.FileInfo, sum string) bool {
	st, ok := s.files[path]
	return ok && st.Size == info.Size() && st.Time.Equal(info.ModTime()) && st.SHA256 == sum
}

func (s *stamps) set(path string, info fs.FileInfo, sum, made string) {
	s.files[path] = stamp{Size: info.Size(), Time: info.ModTime(), SHA256: sum, Made: made}
	s.changed = true
}

func (s *stamps) drop(path string) {
	if _, ok := s.files[path]; ok {
		delete(s.files, path)
		s.changed = true
	}
}

// partial begins the name of a file that is being written.
const partial = ".partial-"

// writeWhole makes the file at path appear whole or not at all: written beside it, synced, renamed over it.
func writeWhole(path string, write func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), partial+"*-"+filepath.Base(path))
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if err = write(f); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename in dir last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

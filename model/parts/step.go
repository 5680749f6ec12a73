package parts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// A Step makes one file of the models folder out of fetched ones, once: it is run again only when its sources, its
// Version or its output have changed.
type Step struct {
	Part    string // the part that it belongs to; it runs when that part is fetched
	Output  string // path in the models folder, with slashes
	Version string // of the way it is made
	Size    int64  // about how many bytes the output takes
	// Make writes the file at out from what lies in the folder models.
	Make func(ctx context.Context, models, out string) error
}

// key is what the output is made from: the sums of all files of the part.
func (st Step) key(p Part) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n", st.Output, st.Version)
	for _, f := range p.Files {
		fmt.Fprintf(h, "%s %s\n", f.SHA256, f.Path)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (s *Store) steps(p Part) (own []Step) {
	for _, step := range s.cfg.Steps {
		if step.Part == p.Name {
			own = append(own, step)
		}
	}
	return own
}

// toMake is about how many bytes the steps of a part have yet to write.
func (s *Store) toMake(st Status) (bytes int64) {
	for i, step := range s.steps(st.Part) {
		if st.State != Present || st.Made[i].State != Present {
			bytes += step.Size
		}
	}
	return bytes
}

// made says how the output of a step is found.
func (c *checker) made(p Part, step Step) (FileStatus, error) {
	fs := FileStatus{Path: filepath.Join(c.store.cfg.ModelsDir, filepath.FromSlash(step.Output)), State: Corrupt}
	st := c.stamps[c.store.cfg.ModelsDir]
	info, err := os.Stat(fs.Path)
	if os.IsNotExist(err) {
		fs.State = Missing
		return fs, nil
	}
	if err != nil {
		return fs, err
	}
	known, ok := st.files[step.Output]
	switch {
	case !ok:
		fs.Why = "nothing is known of how it was made"
		return fs, nil
	case known.Made != step.key(p):
		fs.Why = "made from something else"
		return fs, nil
	case known.Size != info.Size():
		fs.Why = fmt.Sprintf("%d bytes, want %d", info.Size(), known.Size)
		return fs, nil
	}
	if c.whole || !known.Time.Equal(info.ModTime()) {
		sum, err := c.store.sumFile(c.ctx, fs.Path, c.store.cfg.Progress)
		if err != nil {
			return fs, err
		}
		if sum != known.SHA256 {
			fs.Why = "its sha256 is " + sum
			return fs, nil
		}
		st.set(step.Output, info, sum, known.Made)
	}
	fs.State = Present
	return fs, nil
}

// makeFiles runs the steps of part p whose output is not there as it should be.
func (s *Store) makeFiles(ctx context.Context, p Part) error {
	for _, step := range s.steps(p) {
		found, err := s.newChecker(ctx, false).made(p, step)
		if err != nil {
			return fmt.Errorf("make %s: %w", step.Output, err)
		}
		if found.State == Present {
			continue
		}
		s.cfg.Progress(Progress{Stage: "make", Name: step.Output, Total: step.Size})
		if err := s.makeFile(ctx, p, step, found.Path); err != nil {
			return fmt.Errorf("make %s: %w", step.Output, err)
		}
		s.cfg.Progress(Progress{Stage: "make", Name: step.Output, Done: step.Size, Total: step.Size})
	}
	return nil
}

func (s *Store) makeFile(ctx context.Context, p Part, step Step, path string) error {
	room, err := os.MkdirTemp(s.downloads(), "room-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(room)
	out := filepath.Join(room, filepath.Base(path))
	if err := step.Make(ctx, s.cfg.ModelsDir, out); err != nil {
		return err
	}
	if err := settle(out, path); err != nil {
		return err
	}
	sum, err := s.sumFile(ctx, path, s.cfg.Progress)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	st := loadStamps(s.cfg.ModelsDir)
	st.set(step.Output, info, sum, step.key(p))
	return st.save()
}

// settle moves a finished file to where it is kept, so that it is whole there or not there.
func settle(from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

package parts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Fetch makes every file of the parts in sets present and whole (no sets: of all parts), then runs the steps that belong
// to them. What is there already costs a stat. An interrupted Fetch goes on where it was, package by package; another
// process that fetches into the same folder is waited for. Where a package cannot be had the error is a *FetchError.
func (s *Store) Fetch(ctx context.Context, sets ...string) error {
	found, err := s.List(ctx, sets...)
	if err != nil {
		return err
	}
	if allWhole(found) {
		return nil
	}
	for _, dir := range []string{s.cfg.LibDir, s.downloads()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("fetch model parts: %w", err)
		}
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return fmt.Errorf("fetch model parts: %w", err)
	}
	defer unlock()
	if found, err = s.List(ctx, sets...); err != nil || allWhole(found) {
		return err
	}
	return s.fetch(ctx, found)
}

func allWhole(found []Status) bool {
	for _, st := range found {
		if !st.Whole() {
			return false
		}
	}
	return true
}

// fetch does the work of Fetch, the lock being held: part after part, so that the downloads of one are gone before those
// of the next arrive.
func (s *Store) fetch(ctx context.Context, found []Status) error {
	if err := s.sweep(); err != nil {
		return fmt.Errorf("fetch model parts: %w", err)
	}
	jobs := make([]job, 0, len(found))
	h := &haul{store: s, bytes: map[string]int64{}}
	for _, st := range found {
		j := newJob(st)
		j.made = s.toMake(st)
		jobs = append(jobs, j)
		h.total += j.packed()
	}
	if err := s.checkSpace(jobs); err != nil {
		return err
	}
	for i, j := range jobs {
		if err := s.fetchPart(ctx, h, j); err != nil {
			return err
		}
		if err := s.makeFiles(ctx, found[i].Part); err != nil {
			return err
		}
	}
	return nil
}

// A job is what one part still lacks.
type job struct {
	part     Part
	files    []File
	packages []Package // those that the files come from
	made     int64     // bytes that its steps have yet to write
}

func newJob(st Status) job {
	j := job{part: st.Part}
	needed := map[string]bool{}
	for i, f := range st.Part.Files {
		if st.Files[i].State == Present {
			continue
		}
		j.files = append(j.files, f)
		for _, from := range f.From {
			needed[from.Package] = true
		}
	}
	for _, k := range st.Part.Packages {
		if needed[k.Name] {
			j.packages = append(j.packages, k)
		}
	}
	return j
}

func (j job) packed() (bytes int64) {
	for _, k := range j.packages {
		bytes += k.Size
	}
	return bytes
}

func (j job) unpacked() (bytes int64) {
	for _, f := range j.files {
		bytes += f.Size
	}
	return bytes
}

func (s *Store) fetchPart(ctx context.Context, h *haul, j job) error {
	if len(j.files) == 0 {
		return nil
	}
	if err := h.get(ctx, j.part, j.packages); err != nil {
		return err
	}
	st := loadStamps(s.root(j.part))
	if err := s.unpack(ctx, j.part, j.files, s.downloads(), st); err != nil {
		return fmt.Errorf("fetch %s: %w", j.part.Name, err)
	}
	if err := st.save(); err != nil {
		return fmt.Errorf("fetch %s: %w", j.part.Name, err)
	}
	if s.cfg.KeepDownloads {
		return nil
	}
	for _, k := range j.packages {
		if err := os.Remove(filepath.Join(s.downloads(), k.File)); err != nil {
			return fmt.Errorf("fetch %s: %w", j.part.Name, err)
		}
	}
	return nil
}

// sweep clears away what an interrupted Fetch left half done. Whole packages stay.
func (s *Store) sweep() error {
	folders := map[string]string{s.downloads(): "room-"} // folder → what half-done names in it begin with
	for _, p := range s.cfg.Lock.Parts {
		for _, f := range p.Files {
			folders[filepath.Dir(s.path(p, f))] = partial
		}
	}
	for dir, prefix := range folders {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), prefix) {
				continue
			}
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

package parts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// unpack makes files of part p out of its packages, which lie in dir, and stamps them.
func (s *Store) unpack(ctx context.Context, p Part, files []File, dir string, st *stamps) error {
	archives := map[string]string{}
	for _, k := range p.Packages {
		archives[k.Name] = filepath.Join(dir, k.File)
	}
	whole := map[string]map[string][]File{} // package → member → the files that it alone is
	for _, f := range files {
		if err := os.MkdirAll(filepath.Dir(s.path(p, f)), 0o755); err != nil {
			return err
		}
		if len(f.From) > 1 {
			if err := s.join(ctx, p, f, archives, st); err != nil {
				return err
			}
			continue
		}
		from := f.From[0]
		if whole[from.Package] == nil {
			whole[from.Package] = map[string][]File{}
		}
		whole[from.Package][from.Member] = append(whole[from.Package][from.Member], f)
	}
	for name, members := range whole {
		if err := s.pick(ctx, p, archives[name], members, st); err != nil {
			return fmt.Errorf("unpack %s: %w", filepath.Base(archives[name]), err)
		}
	}
	return nil
}

// pick writes the members of one archive in one pass over it.
func (s *Store) pick(ctx context.Context, p Part, archive string, members map[string][]File, st *stamps) error {
	wanted := map[string]bool{}
	for name, files := range members {
		if len(files) > 1 {
			return fmt.Errorf("member %s: wanted as two files", name)
		}
		wanted[name] = true
	}
	return eachMember(archive, wanted, func(name string, r io.Reader) error {
		return s.write(ctx, p, members[name][0], st, func(w io.Writer) error {
			_, err := io.Copy(w, r)
			return err
		})
	})
}

// join writes one file out of members of several archives, in order, without holding any of them in memory.
func (s *Store) join(ctx context.Context, p Part, f File, archives map[string]string, st *stamps) error {
	return s.write(ctx, p, f, st, func(w io.Writer) error {
		for _, from := range f.From {
			archive := archives[from.Package]
			err := eachMember(archive, map[string]bool{from.Member: true}, func(_ string, r io.Reader) error {
				_, err := io.Copy(w, r)
				return err
			})
			if err != nil {
				return fmt.Errorf("unpack %s: %w", filepath.Base(archive), err)
			}
		}
		return nil
	})
}

// write makes file f of what fill writes; a byte too many, one too few or another sum leaves no file behind.
func (s *Store) write(ctx context.Context, p Part, f File, st *stamps, fill func(io.Writer) error) error {
	path := s.path(p, f)
	w := &gauge{ctx: ctx, tell: s.cfg.Progress, at: Progress{Stage: "unpack", Name: path, Total: f.Size}}
	digest := sha256.New()
	err := writeWhole(path, func(file *os.File) error {
		w.w = io.MultiWriter(file, digest)
		if err := fill(w); err != nil {
			return err
		}
		if w.at.Done != f.Size {
			return fmt.Errorf("%d bytes, want %d", w.at.Done, f.Size)
		}
		if sum := hex.EncodeToString(digest.Sum(nil)); sum != f.SHA256 {
			return fmt.Errorf("sha256 %s, want %s", sum, f.SHA256)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	st.set(f.Path, info, f.SHA256, "")
	return nil
}

// A gauge passes at most Total bytes on, reports how many, and stops when its context ends.
type gauge struct {
	ctx  context.Context // the one file that the gauge lives for
	w    io.Writer
	tell func(Progress)
	at   Progress
	told int64
}

// Write implements io.Writer.
func (g *gauge) Write(b []byte) (int, error) {
	if err := context.Cause(g.ctx); err != nil {
		return 0, err
	}
	if g.at.Done+int64(len(b)) > g.at.Total {
		return 0, fmt.Errorf("more than the %d bytes that models.lock promises", g.at.Total)
	}
	n, err := g.w.Write(b)
	g.at.Done += int64(n)
	if g.at.Done-g.told >= tellEvery || g.at.Done == g.at.Total {
		g.told = g.at.Done
		g.tell(g.at)
	}
	return n, err
}

package convert

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"omnilive/model/omni"
)

// sources sums the files that the checkpoint is made of: weights and all that configures them.
func (r *run) sources(ctx context.Context) ([]omni.ManifestEntry, error) {
	var names []string
	for name := range r.files {
		names = append(names, name)
	}
	for _, name := range r.copies {
		if strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".jinja") || strings.HasSuffix(name, ".txt") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	total := int64(0)
	for _, name := range names {
		st, err := os.Stat(r.path(name))
		if err != nil {
			return nil, err
		}
		total += st.Size()
	}
	r.stage(total)
	all, list := make([]omni.ManifestEntry, 0, len(names)), sha256.New()
	for _, name := range names {
		e, err := r.source(ctx, name)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
		fmt.Fprintf(list, "%s  %s\n", e.SHA256, e.Name)
	}
	r.hash = hex.EncodeToString(list.Sum(nil))
	return all, nil
}

func (r *run) path(name string) string { return filepath.Join(r.f.Dir, filepath.FromSlash(name)) }

// source sums one file, unless that was done before and the file has not changed.
func (r *run) source(ctx context.Context, name string) (omni.ManifestEntry, error) {
	st, err := os.Stat(r.path(name))
	if err != nil {
		return omni.ManifestEntry{}, err
	}
	known, ok := r.mark.sums[name]
	if ok && known.Size == st.Size() && known.Time == st.ModTime().UnixNano() {
		r.tell("hash", name, st.Size())
		return omni.ManifestEntry{Name: name, Size: known.Size, SHA256: known.SHA256}, nil
	}
	e, err := r.sum(ctx, "hash", r.path(name), name)
	if err != nil {
		return e, err
	}
	r.mark.sums[name] = sum{Size: e.Size, Time: st.ModTime().UnixNano(), SHA256: e.SHA256}
	if e.Size > 1<<20 || len(r.mark.sums) == 1 {
		err = r.mark.keep()
	}
	return e, err
}

// sum reads a file and sums it up.
func (r *run) sum(ctx context.Context, stage, path, name string) (e omni.ManifestEntry, err error) {
	f, err := os.Open(path)
	if err != nil {
		return e, err
	}
	defer f.Close()
	h, buf := sha256.New(), make([]byte, 1<<20)
	for {
		if err := context.Cause(ctx); err != nil {
			return e, err
		}
		n, err := f.Read(buf)
		h.Write(buf[:n])
		e.Size += int64(n)
		r.tell(stage, name, int64(n))
		if errors.Is(err, io.EOF) {
			e.Name, e.SHA256 = name, hex.EncodeToString(h.Sum(nil))
			return e, nil
		}
		if err != nil {
			return e, err
		}
	}
}

// copy copies a file that is no weight; it appears under its name when whole.
func (r *run) copy(ctx context.Context, name string) error {
	to := filepath.Join(r.o.Out, filepath.FromSlash(name))
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	in, err := os.Open(r.path(name))
	if err != nil {
		return err
	}
	defer in.Close()
	return replace(to, func(w io.Writer) error {
		_, err := io.Copy(w, io.LimitReader(in, maxCopy))
		return err
	})
}

// replace writes a file beside path and then gives it that name.
func replace(path string, write func(io.Writer) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".omnilive-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already where all went well
	defer tmp.Close()
	w := bufio.NewWriter(tmp)
	if err := write(w); err != nil {
		return err
	}
	if err := errors.Join(w.Flush(), tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// finish sums what was written, and writes the list of it: from then on the folder opens.
func (r *run) finish(ctx context.Context, m *omni.Manifest) error {
	names := slices.Clone(r.copies)
	for _, j := range r.jobs {
		names = append(names, j.name)
	}
	slices.Sort(names)
	total := int64(0)
	for _, name := range names {
		st, err := os.Stat(filepath.Join(r.o.Out, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		total += st.Size()
	}
	r.stage(total)
	for _, name := range names {
		e, err := r.sum(ctx, "check", filepath.Join(r.o.Out, filepath.FromSlash(name)), name)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, e)
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	err = replace(filepath.Join(r.o.Out, omni.ManifestFile), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
	if err != nil {
		return err
	}
	return r.mark.remove()
}

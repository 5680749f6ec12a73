package parts

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// memberLimit bounds how many members of an archive are looked at.
const memberLimit = 100_000

// eachMember calls visit for every regular member of the wheel or tarball at path that is wanted, once each, in the
// archive's order. An archive that names a wanted member twice is refused: readers disagree on which one counts.
func eachMember(path string, wanted map[string]bool, visit func(name string, r io.Reader) error) error {
	seen := map[string]bool{}
	once := func(name string, r io.Reader) error {
		if seen[name] {
			return fmt.Errorf("member %s: in the archive twice", name)
		}
		seen[name] = true
		return visit(name, r)
	}
	walk := eachInWheel
	if strings.HasSuffix(path, ".tgz") {
		walk = eachInTarball
	}
	if err := walk(path, wanted, once); err != nil {
		return err
	}
	for name := range wanted {
		if !seen[name] {
			return fmt.Errorf("member %s: not in the archive", name)
		}
	}
	return nil
}

func eachInWheel(path string, wanted map[string]bool, visit func(string, io.Reader) error) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer z.Close()
	if len(z.File) > memberLimit {
		return errors.New("too many members")
	}
	for _, f := range z.File {
		if !wanted[f.Name] || !f.Mode().IsRegular() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return fmt.Errorf("member %s: %w", f.Name, err)
		}
		err = visit(f.Name, r)
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
	}
	return nil
}

func eachInTarball(path string, wanted map[string]bool, visit func(string, io.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	defer z.Close()
	t := tar.NewReader(z)
	for range memberLimit {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if wanted[h.Name] && h.Typeflag == tar.TypeReg {
			if err := visit(h.Name, t); err != nil {
				return err
			}
		}
	}
	return errors.New("too many members")
}

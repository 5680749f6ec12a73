package parts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
)

// sumFile is the sha256 of the file at path, read through once.
func (s *Store) sumFile(ctx context.Context, path string, tell func(Progress)) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	digest := sha256.New()
	r := &meter{ctx: ctx, r: f, tell: tell, at: Progress{Stage: "check", Name: path, Total: info.Size()}}
	if _, err := io.Copy(digest, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// tellEvery is how many bytes pass between two reports of a meter.
const tellEvery = 8 << 20

// A meter passes bytes on, reports how many, and stops when its context ends.
type meter struct {
	ctx  context.Context // the one copy that the meter lives for
	r    io.Reader
	tell func(Progress)
	at   Progress
	told int64
}

// Read implements io.Reader.
func (m *meter) Read(b []byte) (int, error) {
	if err := context.Cause(m.ctx); err != nil {
		return 0, err
	}
	n, err := m.r.Read(b)
	m.at.Done += int64(n)
	if m.at.Done-m.told >= tellEvery || err == io.EOF {
		m.told = m.at.Done
		m.tell(m.at)
	}
	return n, err
}

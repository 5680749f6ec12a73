package parts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	atOnce    = 3                      // clients running at once
	tries     = 2                      // for each package, before it is given up
	watchTime = 200 * time.Millisecond // between two looks at a client's folder
)

// downloads is where packages wait until their part is made.
func (s *Store) downloads() string { return filepath.Join(s.cfg.ModelsDir, ".downloads") }

// A haul is one Fetch's downloads, with how far they are.
type haul struct {
	store *Store
	total int64

	mu    sync.Mutex
	bytes map[string]int64 // by archive
}

// get has the packages fetched that are not in the downloads folder yet; nil error means that all of them are whole.
func (h *haul) get(ctx context.Context, p Part, packages []Package) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, k := range packages {
		g.Go(func() error {
			if err := h.getOne(ctx, k); err != nil {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				return &FetchError{Part: p.Name, Package: k, Command: h.store.byHand(k), Err: err}
			}
			return nil
		})
	}
	return g.Wait()
}

func (h *haul) getOne(ctx context.Context, k Package) error {
	path := filepath.Join(h.store.downloads(), k.File)
	err := h.store.isWhole(ctx, path, k)
	if err == nil {
		h.tell(k, k.Size)
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	for range tries {
		if err = h.try(ctx, k, path); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// try lets the client run once and takes over what it fetched if that is what the lock says.
func (h *haul) try(ctx context.Context, k Package, path string) error {
	room, err := os.MkdirTemp(h.store.downloads(), "room-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(room)
	over := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() { h.watch(k, room, over) })
	got, err := h.store.run(ctx, k, room)
	close(over)
	watcher.Wait()
	if err != nil {
		return err
	}
	if err := h.store.isWhole(ctx, got, k); err != nil {
		return err
	}
	h.tell(k, k.Size)
	return os.Rename(got, path)
}

// watch reports the bytes that the client has laid down so far; it is the only progress that both clients show.
func (h *haul) watch(k Package, room string, over <-chan struct{}) {
	tick := time.NewTicker(watchTime)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-tick.C:
			h.tell(k, min(folderBytes(room), k.Size))
		}
	}
}

func (h *haul) tell(k Package, bytes int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bytes[k.File] = max(bytes, h.bytes[k.File])
	at := Progress{Stage: "download", Name: k.Name, Total: h.total}
	for _, n := range h.bytes {
		at.Done += n
	}
	h.store.cfg.Progress(at)
}

// folderBytes is what lies in dir; files that come and go meanwhile are passed over.
func folderBytes(dir string) int64 {
	var sum int64
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // the client moves its files as it likes
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		return nil
	})
	return sum
}

// isWhole returns nil if the archive at path is what the lock says.
func (s *Store) isWhole(ctx context.Context, path string, k Package) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() != k.Size {
		return fmt.Errorf("%s has %d bytes, models.lock says %d", k.File, info.Size(), k.Size)
	}
	sum, err := s.sumFile(ctx, path, func(Progress) {})
	if err != nil {
		return err
	}
	if sum != k.SHA256 {
		return fmt.Errorf("%s has sha256 %s, models.lock says %s", k.File, sum, k.SHA256)
	}
	return nil
}

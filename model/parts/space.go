package parts

import (
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// spareSpace is what must be left free beyond what a fetch needs.
const spareSpace = 64 << 20

// checkSpace refuses a fetch that would fill the disk. Downloads of one part are gone before the next part's come, so
// the most that is needed at once is every output and the largest part's packages (twice: a client copies them once).
func (s *Store) checkSpace(jobs []job) error {
	need := map[string]int64{}
	var largest int64
	for _, j := range jobs {
		need[s.root(j.part)] += j.unpacked()
		need[s.cfg.ModelsDir] += j.made
		largest = max(largest, 2*j.packed())
	}
	need[s.cfg.ModelsDir] += largest
	if sameDisk(s.cfg.ModelsDir, s.cfg.LibDir) {
		need[s.cfg.ModelsDir] += need[s.cfg.LibDir]
		delete(need, s.cfg.LibDir)
	}
	for dir, bytes := range need {
		free, err := s.free(dir)
		if err != nil {
			return fmt.Errorf("free space in %s: %w", dir, err)
		}
		if free < bytes+spareSpace {
			return fmt.Errorf("%s has %d MB free, the model parts need %d MB: make room or name another folder",
				dir, free>>20, (bytes+spareSpace)>>20)
		}
	}
	return nil
}

// sameDisk reports whether both folders take from the same free space; in doubt they do.
func sameDisk(a, b string) bool {
	var sa, sb unix.Stat_t
	if unix.Stat(a, &sa) != nil || unix.Stat(b, &sb) != nil {
		return filepath.Clean(a) != filepath.Clean(b)
	}
	return sa.Dev == sb.Dev && filepath.Clean(a) != filepath.Clean(b)
}

func freeBytes(dir string) (int64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, err
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil //nolint:unconvert // the types differ between systems
}

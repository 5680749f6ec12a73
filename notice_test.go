package omnilive_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"omnilive"
	"omnilive/model/parts"
)

func TestNoticeNamesEveryPart(t *testing.T) {
	lock, err := parts.ParseLock(omnilive.Lock)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(omnilive.Notice, "\n")
	for _, p := range lock.Parts {
		entry := entryOf(lines, p.Name)
		if !strings.Contains(entry, p.Licence) {
			t.Errorf("NOTICE: part %s and its licence %s are not named in one entry: %q", p.Name, p.Licence, entry)
		}
		if k := regexp.MustCompile(`[0-9]+$`).ReplaceAllString(p.Packages[0].Name, ""); !strings.Contains(omnilive.Notice, k) {
			t.Errorf("NOTICE: package %s of part %s is not named", p.Packages[0].Name, p.Name)
		}
	}
}

// entryOf is the line that begins with name and the indented ones after it.
func entryOf(lines []string, name string) string {
	for i, line := range lines {
		if !strings.HasPrefix(line, name+" ") {
			continue
		}
		end := i + 1
		for end < len(lines) && strings.HasPrefix(lines[end], "    ") {
			end++
		}
		return strings.Join(lines[i:end], "\n")
	}
	return ""
}

func TestNoticeNamesEveryModule(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	direct := 0
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || !strings.Contains(fields[0], ".") || strings.Contains(line, "// indirect") {
			continue
		}
		direct++
		if entryOf(strings.Split(omnilive.Notice, "\n"), fields[0]) == "" {
			t.Errorf("NOTICE: module %s of go.mod is not named", fields[0])
		}
	}
	if direct < 5 {
		t.Errorf("only %d direct modules found in go.mod: this test reads it wrongly", direct)
	}
}

// The packages of the registries are fetched by name with the clients as each machine has them set up: no file may name
// a registry's host, which another machine may not reach.
func TestNoRegistryHosts(t *testing.T) {
	hosts := regexp.MustCompile(`(files\.pythonhosted|pypi\.|registry\.npmjs|proxy\.golang|deb\.debian|storage\.googleapis)` + `[a-z.]*`)
	for _, name := range tracked(t) {
		text, err := os.ReadFile(name)
		if err != nil || strings.HasSuffix(name, "notice_test.go") {
			continue
		}
		if at := hosts.FindIndex(text); at != nil {
			t.Errorf("%s names a registry's host: %s", name, text[at[0]:at[1]])
		}
	}
}

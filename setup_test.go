package omnilive_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tracked lists the files of the repository; where there is no git it is skipped.
func tracked(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "ls-files", "-z").Output()
	if err != nil {
		t.Skip("not a git checkout: ", err)
	}
	return strings.Split(strings.Trim(string(out), "\x00"), "\x00")
}

// A step is one instruction of a Dockerfile.
type step struct{ verb, rest string }

func dockerSteps(t *testing.T) []step {
	t.Helper()
	text := strings.ReplaceAll(readText(t, "Dockerfile"), "\\\n", " ")
	var out []step
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		verb, rest, _ := strings.Cut(line, " ")
		out = append(out, step{verb, strings.TrimSpace(rest)})
	}
	return out
}

func rests(steps []step, verb string) (out []string) {
	for _, s := range steps {
		if s.verb == verb {
			out = append(out, s.rest)
		}
	}
	return out
}

// There may be no Docker where this is tested: hold that the image is made by the script that make run and CI run.
func TestDockerfileUsesTheSetupScript(t *testing.T) {
	steps := dockerSteps(t)
	if got := rests(steps, "FROM"); len(got) != 2 || !strings.HasSuffix(got[0], " AS build") {
		t.Errorf("FROM %q: want a build stage and a runtime stage", got)
	}
	runs := strings.Join(rests(steps, "RUN"), "\n")
	for _, want := range []string{"scripts/setup.sh build", "scripts/setup.sh runtime", "bin/omnilive models fetch"} {
		if !strings.Contains(runs, want) {
			t.Errorf("no RUN has %q", want)
		}
	}
	if bad := regexp.MustCompile(`apt-get|apk |pip install|npm |curl|wget`).FindString(runs); bad != "" {
		t.Errorf("a RUN installs by itself (%s): that belongs into scripts/setup.sh", bad)
	}
	build := regexp.MustCompile(`(?m)go build .*`)
	if d, m := build.FindString(runs), build.FindString(readText(t, "Makefile")); d != m || d == "" {
		t.Errorf("the Dockerfile builds with %q, the Makefile with %q", d, m)
	}
}

func TestDockerfileRunsAsNobodyAndReportsReadiness(t *testing.T) {
	steps := dockerSteps(t)
	if got := rests(steps, "USER"); len(got) != 1 || got[0] == "root" || got[0] == "0" {
		t.Errorf("USER %q: want one that is not root", got)
	}
	if got := rests(steps, "HEALTHCHECK"); len(got) != 1 || !strings.Contains(got[0], `["omnilive", "health"`) {
		t.Errorf("HEALTHCHECK %q: want omnilive health, which asks /healthz", got)
	}
	volume := rests(steps, "VOLUME")
	if len(volume) != 1 || !strings.Contains(strings.Join(rests(steps, "ENV"), " "), "OMNILIVE_MODELS="+volume[0]) {
		t.Errorf("VOLUME %q is not where OMNILIVE_MODELS points", volume)
	}
	start := rests(steps, "ENTRYPOINT")
	if len(start) != 1 || !strings.Contains(start[0], "start.sh") || !strings.Contains(readText(t, "Makefile"), "scripts/start.sh") {
		t.Errorf("ENTRYPOINT %q: want the script that make run starts, too", start)
	}
}

func TestEveryoneSetsUpByTheSameScript(t *testing.T) {
	makefile := readText(t, "Makefile")
	for _, mode := range []string{"runtime", "build", "test"} {
		if !strings.Contains(makefile, "scripts/setup.sh "+mode) {
			t.Errorf("the Makefile does not call scripts/setup.sh %s", mode)
		}
	}
	ci := readText(t, ".ci/run")
	if !strings.Contains(ci, "scripts/setup.sh test") || !strings.Contains(ci, "make test") {
		t.Error(".ci/run does not set up and run make test")
	}
	for _, name := range tracked(t) {
		if !slices.Contains([]string{"scripts/setup.sh", "setup_test.go"}, name) && strings.HasSuffix(name, ".sh") &&
			strings.Contains(readText(t, name), "apt-get") {
			t.Errorf("%s installs packages: that belongs into scripts/setup.sh", name)
		}
	}
}

// The container's start fetches the parts that its flags of serve ask for, into the folders that they name.
func TestStartFetchesWhatServeNeeds(t *testing.T) {
	tests := map[string][]string{
		"models fetch --set default":                                 nil,
		"models fetch --set default --models-dir /m x --lib-dir /l/": {"--models-dir", "/m x", "--listen", "a:1", "-lib-dir=/l/"},
		"models fetch --set tiny":                                    {"--model", "tiny"},
		"models fetch --set tiny --lib-dir /l":                       {"--lib-dir", "/l", "--model=tiny"},
	}
	echo := filepath.Join(t.TempDir(), "omnilive")
	if err := os.WriteFile(echo, []byte("#!/bin/sh\necho \"$*\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for want, args := range tests {
		cmd := exec.Command("sh", append([]string{"scripts/start.sh"}, args...)...)
		cmd.Env = append(os.Environ(), "OMNILIVE_BIN="+echo)
		out, err := cmd.Output()
		serve := strings.TrimSpace("serve " + strings.Join(args, " "))
		if err != nil || string(out) != want+"\n"+serve+"\n" {
			t.Errorf("start %q ran %q (%v), want %q then %q", args, out, err, want, serve)
		}
	}
}

func TestSetupRefusesOtherModes(t *testing.T) {
	out, err := exec.Command("sh", "scripts/setup.sh", "everything").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "usage: scripts/setup.sh runtime|build|test") {
		t.Errorf("got %v, %q", err, out)
	}
}

// A test's packages come with their sums, so that pip installs nothing else.
func TestRequirementsAreHashed(t *testing.T) {
	for _, block := range strings.Split(strings.ReplaceAll(readText(t, "test/requirements.txt"), "\\\n", ""), "\n") {
		if block == "" || strings.HasPrefix(block, "#") {
			continue
		}
		if !regexp.MustCompile(`^[A-Za-z0-9._-]+==[0-9][^ ]* .*--hash=sha256:[0-9a-f]{64}`).MatchString(block) {
			t.Errorf("test/requirements.txt: %q is not one exact version with a sum", block)
		}
	}
}

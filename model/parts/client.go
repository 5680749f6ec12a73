package parts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A FetchError says which package of which part could not be had, and how to get it by hand.
type FetchError struct {
	Part    string
	Package Package
	Command string // to be typed in a shell; it leaves the package where the next Fetch looks for it
	Err     error
}

// Error implements error.
func (e *FetchError) Error() string {
	return fmt.Sprintf("fetch %s: %s package %s %s: %v; to fetch it by hand: %s",
		e.Part, e.Package.Kind, e.Package.Name, e.Package.Version, e.Err, e.Command)
}

// Unwrap returns what went wrong.
func (e *FetchError) Unwrap() error { return e.Err }

// pythonTag is the Python that wheels are asked for, whatever Python runs pip, so that every machine gets the pinned file.
const pythonTag = "3.11"

// arguments of the registry's client that leave package k in folder out.
func (s *Store) arguments(k Package, out string) []string {
	if k.Kind == NPM {
		return []string{s.cfg.NPM, "pack", k.Name + "@" + k.Version, "--pack-destination", out}
	}
	args := []string{
		s.cfg.Python, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
		"--python-version", pythonTag, "--implementation", "cp",
	}
	if k.Platform != "" {
		args = append(args, "--platform", k.Platform)
	}
	return append(args, "-d", out)
}

// byHand is the same as a line for a shell.
func (s *Store) byHand(k Package) string {
	args := s.arguments(k, s.downloads())
	if k.Kind == Pip {
		args = append(args, k.Name+"=="+k.Version)
	}
	for i, a := range args {
		if strings.ContainsAny(a, " '\"$\\*?;&|<>()") {
			args[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(args, " ")
}

// run has the client fetch k into room/out, its temporary files in room/tmp, and returns the archive's path.
func (s *Store) run(ctx context.Context, k Package, room string) (string, error) {
	out, tmp := filepath.Join(room, "out"), filepath.Join(room, "tmp")
	if err := errors.Join(os.MkdirAll(out, 0o755), os.MkdirAll(tmp, 0o755)); err != nil {
		return "", err
	}
	args := s.arguments(k, out)
	if k.Kind == NPM {
		args = append(args, "--cache", filepath.Join(tmp, "npm"), "--loglevel", "error", "--ignore-scripts")
	} else {
		list := filepath.Join(room, "requirements.txt")
		line := k.Name + "==" + k.Version + " --hash=sha256:" + k.SHA256 + "\n"
		if err := os.WriteFile(list, []byte(line), 0o644); err != nil {
			return "", err
		}
		args = append(args, "--require-hashes", "-r", list, "--no-cache-dir", "--no-input",
			"--disable-pip-version-check", "--progress-bar", "off", "-q")
	}
	if err := command(ctx, args, tmp); err != nil {
		return "", err
	}
	path := filepath.Join(out, k.File)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s ended well but left no %s", args[0], k.File)
	}
	return path, nil
}

// graceTime is how long a cancelled client may take to clean up.
const graceTime = 3 * time.Second

// command runs a client to its end, in a process group of its own so that all of it stops when ctx ends.
func command(ctx context.Context, args []string, tmp string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(cmd.Environ(), "TMPDIR="+tmp)
	cmd.Dir = tmp
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = graceTime
	said := &tail{limit: 2000}
	cmd.Stdout, cmd.Stderr = said, said
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("%s is not installed: %w", args[0], err)
	case err != nil && said.String() != "":
		return fmt.Errorf("%w: %s", err, said)
	}
	return err
}

// A tail keeps the end of what a client said.
type tail struct {
	limit int
	text  []byte
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.text = append(t.text, b...)
	if over := len(t.text) - t.limit; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(b), nil
}

// String is the last lines, on one line.
func (t *tail) String() string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(string(t.text), "?")), " ")
}

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// A cost is what a run took, in milliseconds.
type cost struct{ Wall, Processor float64 }

// environment returns a Python with the packages of requirements.txt: the one given, or one that it makes for good.
func environment(python, here string) (string, error) {
	if python != "" {
		return python, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "omnilive", "bench-torch")
	python = filepath.Join(folder, "bin", "python")
	for _, c := range [][]string{
		{"python3", "-m", "venv", folder},
		{python, "-m", "pip", "install", "--quiet", "-r", filepath.Join(here, "requirements.txt")},
	} {
		cmd := exec.Command(c[0], c[1:]...)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return "", fmt.Errorf("make a Python environment in %s: %w", folder, err)
		}
	}
	return python, nil
}

// A reference is PyTorch in a process of its own, asked line by line.
type reference struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func startReference(python, here, folder, name string) (*reference, error) {
	cmd := exec.Command(python, filepath.Join(here, "reference.py"), folder, name)
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start PyTorch: %w", err)
	}
	r := &reference{cmd, in, bufio.NewScanner(out)}
	if !r.out.Scan() || r.out.Text() != "ready" {
		r.close()
		return nil, fmt.Errorf("PyTorch did not start: %q, %v", r.out.Text(), r.out.Err())
	}
	return r, nil
}

// run computes the network once.
func (r *reference) run(kind string, threads int) (c cost, err error) {
	if _, err := fmt.Fprintln(r.in, kind, threads); err != nil {
		return c, fmt.Errorf("ask PyTorch: %w", err)
	}
	if !r.out.Scan() {
		return c, fmt.Errorf("PyTorch ended: %v", r.out.Err())
	}
	processor, wall, ok := strings.Cut(r.out.Text(), "\t")
	if c.Processor, err = strconv.ParseFloat(processor, 64); err != nil || !ok {
		return c, fmt.Errorf("PyTorch said %q", r.out.Text())
	}
	c.Wall, err = strconv.ParseFloat(wall, 64)
	return c, err
}

func (r *reference) close() {
	r.in.Close()
	_ = r.cmd.Wait() // it was only asked to end
}

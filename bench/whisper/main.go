// Command whisper compares the recognizer with faster-whisper, sentence by sentence in turn, on the same threads:
//
//	go run ./bench/whisper -models MODELS -lib LIB -python VENV/bin/python [-threads 1] [-types float32,int8]
//
// It prints the milliseconds of processor and of wall time per sentence, their ratios, and how many sentences have the
// same words. Processor time is what counts on a machine that does other work too.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"omnilive/model/ggml"
	"omnilive/model/small/whisper"
)

func main() {
	models := flag.String("models", "", "folder with whisper-base.gguf and whisper-base/")
	lib := flag.String("lib", "", "folder with llama/")
	python := flag.String("python", "python3", "a Python that has faster-whisper and numpy")
	here := flag.String("dir", ".", "the repository")
	threads := flag.Int("threads", 1, "threads of either side")
	types := flag.String("types", "float32,int8", "CTranslate2's compute types, in turn")
	flag.Parse()
	if err := run(*models, *lib, *python, *here, *threads, strings.Split(*types, ",")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A cost is what sentences took, in milliseconds.
type cost struct{ cpu, wall float64 }

func (c *cost) add(d cost) { c.cpu, c.wall = c.cpu+d.cpu, c.wall+d.wall }

func run(models, lib, python, here string, threads int, types []string) error {
	if err := ggml.Load(filepath.Join(lib, "llama")); err != nil {
		return err
	}
	r, err := whisper.Open(filepath.Join(models, "whisper-base.gguf"), whisper.Options{Threads: threads})
	if err != nil {
		return err
	}
	defer r.Close()
	clips, err := filepath.Glob(filepath.Join(here, "model/small/whisper/testdata/speech/*.wav"))
	if err != nil || len(clips) == 0 {
		return fmt.Errorf("no sentences under %s: %v", here, err)
	}
	for _, kind := range types {
		ref, err := startReference(python, filepath.Join(here, "bench/whisper/reference.py"), filepath.Join(models, "whisper-base"), kind, threads)
		if err != nil {
			return err
		}
		err = compare(r, ref, clips, kind)
		ref.close()
		if err != nil {
			return err
		}
	}
	return nil
}

func compare(r *whisper.Recognizer, ref *reference, clips []string, kind string) error {
	var ours, drafted, theirs cost
	same := 0
	for _, path := range clips {
		pcm, err := read(path)
		if err != nil {
			return err
		}
		text, c, err := measure(r, pcm, "")
		if err != nil {
			return err
		}
		ours.add(c)
		_, c, err = measure(r, pcm, text)
		if err != nil {
			return err
		}
		drafted.add(c)
		want, c, err := ref.hear(path)
		if err != nil {
			return err
		}
		theirs.add(c)
		if strings.EqualFold(want, text) {
			same++
		}
	}
	n := float64(len(clips))
	fmt.Printf("%d sentences, same words %d, reference in %s\n", len(clips), same, kind)
	for _, row := range []struct {
		name string
		c    cost
	}{{"reference", theirs}, {"ours", ours}, {"ours, right draft", drafted}} {
		fmt.Printf("  %-18s cpu %7.1f ms  wall %7.1f ms  reference/this: cpu %.1f, wall %.1f\n",
			row.name, row.c.cpu/n, row.c.wall/n, theirs.cpu/row.c.cpu, theirs.wall/row.c.wall)
	}
	return nil
}

func measure(r *whisper.Recognizer, pcm []float32, draft string) (string, cost, error) {
	cpu, wall := processor(), time.Now()
	t, err := r.Transcribe(context.Background(), pcm, whisper.TranscribeOptions{Language: "en", Final: true, Draft: draft})
	return t.Text, cost{ms(processor() - cpu), ms(time.Since(wall))}, err
}

func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// read decodes a mu-law WAV file.
func read(path string) ([]float32, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	at := strings.Index(string(b), "data") + 8
	if at < 8 || at > len(b) || int(binary.LittleEndian.Uint32(b[at-4:])) > len(b)-at {
		return nil, fmt.Errorf("%s is no WAV file", path)
	}
	x := make([]float32, binary.LittleEndian.Uint32(b[at-4:]))
	for i := range x {
		c := ^b[at+i]
		v := (int(c&15)<<3+0x84)<<(c>>4&7) - 0x84
		if c&0x80 != 0 {
			v = -v
		}
		x[i] = float32(v) / 32768
	}
	return x, nil
}

// A reference is faster-whisper in a process of its own, asked line by line.
type reference struct {
	cmd *exec.Cmd
	in  interface {
		Write([]byte) (int, error)
		Close() error
	}
	out *bufio.Scanner
}

func startReference(python, script, model, kind string, threads int) (*reference, error) {
	cmd := exec.Command(python, script, model, kind, strconv.Itoa(threads))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the reference: %w", err)
	}
	return &reference{cmd, in, bufio.NewScanner(out)}, nil
}

func (r *reference) hear(path string) (string, cost, error) {
	var c cost
	if _, err := fmt.Fprintln(r.in, path); err != nil {
		return "", c, fmt.Errorf("ask the reference: %w", err)
	}
	if !r.out.Scan() {
		return "", c, fmt.Errorf("the reference ended: %v", r.out.Err())
	}
	f := strings.SplitN(r.out.Text(), "\t", 3)
	if len(f) != 3 {
		return "", c, fmt.Errorf("the reference said %q", r.out.Text())
	}
	var err1, err2 error
	c.cpu, err1 = strconv.ParseFloat(f[0], 64)
	c.wall, err2 = strconv.ParseFloat(f[1], 64)
	if err1 != nil || err2 != nil {
		return "", c, fmt.Errorf("the reference said %q", r.out.Text())
	}
	return f[2], c, nil
}

func (r *reference) close() {
	r.in.Close()
	_ = r.cmd.Wait() // it was only asked to end
}

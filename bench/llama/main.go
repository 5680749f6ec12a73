// Command llama compares the language model's engine with the loop of llama.cpp's own benchmark, on the same libraries,
// with the weights of HyperCLOVAX-SEED-Omni-8B's shape made at random in 4 bits:
//
//	go run ./bench/llama -lib LIB [-layers 36] [-threads 1] [-rounds 3] [-model FILE]
//
// The two take turns. It prints the milliseconds and the ratios: tokens decoded one after another, a prompt of 512 tokens,
// and one of 512 embeddings.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"omnilive/model/llama"
)

const prompt = 512

func main() {
	lib := flag.String("lib", "", "folder with llama/")
	here := flag.String("dir", ".", "the repository")
	file := flag.String("model", filepath.Join(os.TempDir(), "omnilive-bench-llama.gguf"), "the random model; made where it is not there")
	layers := flag.Int("layers", 36, "layers of the random model")
	threads := flag.Int("threads", 1, "threads of either side")
	rounds := flag.Int("rounds", 3, "turns of each")
	tokens := flag.Int("tokens", 16, "tokens decoded in a turn")
	flag.Parse()
	if err := run(*lib, *here, *file, *layers, *threads, *rounds, *tokens); err != nil {
		fmt.Fprintln(os.Stderr, "llama:", err)
		os.Exit(1)
	}
}

func run(lib, here, file string, layers, threads, rounds, tokens int) error {
	libs := filepath.Join(lib, "llama")
	if err := llama.Open(libs); err != nil {
		return err
	}
	if _, err := os.Stat(file); err != nil {
		fmt.Fprintln(os.Stderr, "making", file)
		if err := makeModel(file, layers); err != nil {
			return err
		}
	}
	ref, err := startReference(here, libs, file, threads)
	if err != nil {
		return err
	}
	defer ref.stop()
	ours, err := openEngine(file, threads)
	if err != nil {
		return err
	}
	defer ours.close()
	table := map[string][]float64{}
	for i := range rounds + 1 { // the first one warms up
		m, err := turn(ref, ours, tokens, i%2 == 1)
		if err != nil {
			return err
		}
		for k, v := range m {
			if i > 0 {
				table[k] = append(table[k], v)
			}
		}
	}
	report(table, tokens)
	return nil
}

// turn measures everything once, the reference first or last.
func turn(ref *reference, ours *engine, tokens int, first bool) (map[string]float64, error) {
	m := map[string]float64{}
	theirs := func() (err error) {
		if m["reference prompt"], err = ref.ask("p", prompt); err == nil {
			m["reference decode"], err = ref.ask("g", tokens)
		}
		return err
	}
	own := func() (err error) {
		if m["tokens prompt"], err = ours.prompt(false); err == nil {
			m["ours decode"], err = ours.decode(tokens)
		}
		if err == nil {
			m["embeddings prompt"], err = ours.prompt(true)
		}
		return err
	}
	if first {
		return m, errors.Join(theirs(), own())
	}
	return m, errors.Join(own(), theirs())
}

func report(table map[string][]float64, tokens int) {
	median := func(k string) float64 {
		v := slices.Sorted(slices.Values(table[k]))
		return v[len(v)/2]
	}
	for _, k := range []string{"reference decode", "ours decode"} {
		fmt.Printf("%-18s %9.1f ms for %d tokens, %6.2f a second\n", k, median(k), tokens, 1000*float64(tokens)/median(k))
	}
	for _, k := range []string{"reference prompt", "tokens prompt", "embeddings prompt"} {
		fmt.Printf("%-18s %9.1f ms for %d, %6.2f a second\n", k, median(k), prompt, 1000*prompt/median(k))
	}
	fmt.Printf("decode: %.3f of the reference's speed; prompt: %.3f; embeddings against tokens: %.3f\n",
		median("reference decode")/median("ours decode"), median("reference prompt")/median("tokens prompt"),
		median("tokens prompt")/median("embeddings prompt"))
}

// engine is the language model as omnilive runs it.
type engine struct {
	m    *llama.Model
	e    *llama.Engine
	seq  *llama.Sequence
	stop context.CancelFunc
	runs sync.WaitGroup
	embd []float32
}

func openEngine(file string, threads int) (*engine, error) {
	m, err := llama.LoadModel(file, llama.ModelOptions{CPUOnly: true})
	if err != nil {
		return nil, err
	}
	e, err := llama.NewEngine(m, llama.EngineOptions{ContextPerSequence: 1024, Sequences: 1, Batch: prompt, Threads: threads})
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	o := &engine{m: m, e: e, stop: stop}
	o.runs.Go(func() { _ = e.Run(ctx) })
	if o.seq, err = e.NewSequence(); err != nil {
		o.close()
		return nil, err
	}
	r := rand.New(rand.NewPCG(1, 1))
	o.embd = make([]float32, prompt*m.NEmbd())
	for i := range o.embd {
		o.embd[i] = float32(r.NormFloat64() / 50)
	}
	return o, nil
}

func (o *engine) close() {
	if o.seq != nil {
		o.seq.Close()
	}
	o.stop()
	o.runs.Wait()
	_ = errors.Join(o.e.Close(), o.m.Close())
}

// prompt reads 512 tokens or embeddings into an empty window.
func (o *engine) prompt(embeddings bool) (float64, error) {
	if err := o.seq.Truncate(0); err != nil {
		return 0, err
	}
	ids := make([]int32, prompt)
	for i := range ids {
		ids[i] = int32(i*7919+11) % 32000
	}
	began := time.Now()
	var err error
	if embeddings {
		err = o.seq.AppendEmbeddings(context.Background(), o.embd)
	} else {
		err = o.seq.Append(context.Background(), ids)
	}
	return float64(time.Since(began).Microseconds()) / 1000, err
}

// decode picks tokens one after another.
func (o *engine) decode(n int) (float64, error) {
	began := time.Now()
	for _, err := range o.seq.Generate(context.Background(), llama.Sampling{MaxTokens: n}) {
		if err != nil {
			return 0, err
		}
	}
	return float64(time.Since(began).Microseconds()) / 1000, nil
}

// reference is the process of reference/reference.c.
type reference struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
	dir string
}

func startReference(here, libs, file string, threads int) (*reference, error) {
	dir, err := os.MkdirTemp("", "omnilive-bench-")
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "reference")
	cc := exec.Command("cc", "-O2", "-o", program, filepath.Join(here, "bench/llama/reference/reference.c"), "-ldl")
	if out, err := cc.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("compile the reference: %w: %s", err, out)
	}
	r := &reference{cmd: exec.Command(program, libs, file, fmt.Sprint(threads)), dir: dir}
	r.cmd.Stderr = os.Stderr
	r.cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+libs)
	out, err := r.cmd.StdoutPipe()
	if err == nil {
		r.in, err = r.cmd.StdinPipe()
	}
	if err == nil {
		err = r.cmd.Start()
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	r.out = bufio.NewScanner(out)
	if !r.out.Scan() {
		r.stop()
		return nil, errors.New("the reference did not start")
	}
	return r, nil
}

// ask has it do something n times over and returns the milliseconds.
func (r *reference) ask(what string, n int) (float64, error) {
	var ms float64
	fmt.Fprintln(r.in, what, n)
	if !r.out.Scan() {
		return 0, errors.New("the reference ended")
	}
	_, err := fmt.Sscan(r.out.Text(), &ms)
	r.out.Scan()
	return ms, err
}

func (r *reference) stop() {
	r.in.Close()
	_ = r.cmd.Wait()
	os.RemoveAll(r.dir)
}

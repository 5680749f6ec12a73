// Command omnilive serves live calls with an any-to-any model, and brings what belongs to that: a headless caller,
// the model's parts, conversion, measurement and a doctor.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// A command is one verb of the program. Its error is printed and makes the exit status 1.
type command struct {
	name, about string
	run         func(ctx context.Context, args []string, stdout io.Writer) error
}

func commands() []command {
	return []command{
		{"serve", "answer calls (the default)", runServe},
		{"call", "call a server without a browser", runCall},
		{"ask", "ask a checkpoint one question, of words, pictures, sounds and videos", runAsk},
		{"models", "list, fetch and check the model's parts", runModels},
		{"convert", "make a checkpoint smaller, in files that the networks read", runConvert},
		{"inspect", "look at a checkpoint without loading it", runInspect},
		{"verify", "run the networks on stored inputs and compare with the reference", runVerify},
		{"bench", "measure every part on this machine", runBench},
		{"doctor", "check what a call needs, and say what to do", runDoctor},
		{"health", "ask a running server whether it is ready", runHealth},
	}
}

func main() {
	if name, _ := verb(os.Args[1:]); name == "serve" {
		relaxTimers()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	default:
		fmt.Fprintln(os.Stderr, "omnilive:", err)
		os.Exit(1)
	}
}

// dispatch runs the command that args name; flags alone mean serve.
func dispatch(ctx context.Context, args []string, stdout io.Writer) error {
	name, args := verb(args)
	if name == "help" || len(args) > 0 && (args[0] == "-h" || args[0] == "--help") && name == "serve" && len(os.Args) == 2 {
		usage(stdout)
		return nil
	}
	for _, c := range commands() {
		if c.name == name {
			return c.run(ctx, args, stdout)
		}
	}
	usage(os.Stderr)
	return fmt.Errorf("no command %q", name)
}

// verb splits args into the command they name, serve where they name none, and the rest.
func verb(args []string) (name string, rest []string) {
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		return args[0], args[1:]
	}
	return "serve", args
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: omnilive [command] [flags]; omnilive COMMAND --help lists its flags")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-8s  %s\n", c.name, c.about)
	}
}

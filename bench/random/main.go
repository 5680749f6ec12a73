// Command random writes a checkpoint with the names and dimensions of HyperCLOVAX-SEED-Omni-8B and random weights in f16, as it
// would be published, so that speed can be measured where the real one is not to be had:
//
//	go run ./bench/random -out FOLDER [-layers 2] [-like model/omni/verify/testdata/omni-whole]
//	bin/omnilive bench --model FOLDER
//
// -layers keeps that many of the layers of each of the four deep networks (36 of the language model, 32 of the vision and of the
// audio encoder, 27 of the image tokenizer, 6 of the speech tokenizer); 0 keeps all, which are 22 GB. What it says means nothing.
// The words are those of the checkpoint that -like names; control tokens, units and codes have the ids of the 8B. There are no
// weights for pictures to be drawn with.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	out := flag.String("out", "", "folder to write, which must not be there yet")
	layers := flag.Int("layers", 2, "layers of each deep network; 0: all")
	like := flag.String("like", "model/omni/verify/testdata/omni-whole", "a checkpoint whose words and templates are taken")
	flag.Parse()
	if err := run(*out, *like, *layers); err != nil {
		fmt.Fprintln(os.Stderr, "random:", err)
		os.Exit(1)
	}
}

func run(out, like string, layers int) error {
	if out == "" || layers < 0 {
		return fmt.Errorf("want -out FOLDER, and -layers of at least 0")
	}
	if err := os.Mkdir(out, 0o755); err != nil {
		return err
	}
	if err := writeTexts(out, like, layers); err != nil {
		return err
	}
	r := newRandom()
	if err := writeComponents(out, layers, r); err != nil {
		return err
	}
	return writeVocoder(out, r)
}

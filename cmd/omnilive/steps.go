package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"runtime"

	"omnilive/model/llama"
	"omnilive/model/parts"
	"omnilive/model/small"
	"omnilive/model/small/whisper"
)

// partSteps are the files that are made here out of fetched parts: what runs is what was measured to run best.
func partSteps(dirs *folders) []parts.Step {
	return []parts.Step{
		{
			Part: "whisper-base", Output: small.RecognizerFile, Version: "1", Size: 150e6,
			Make: func(_ context.Context, models, out string) error {
				return whisper.Convert(filepath.Join(models, "whisper-base"), out, nil)
			},
		},
		{
			Part: "qwen2.5-0.5b", Output: small.DefaultLLM, Version: "1", Size: 430e6,
			Make: func(_ context.Context, models, out string) error {
				if err := llama.Open(filepath.Join(dirs.lib, small.LlamaDir)); err != nil {
					return err
				}
				return llama.Quantize(filepath.Join(models, small.SourceLLM), out, llama.FileQ4_0, runtime.NumCPU())
			},
		},
	}
}

// runConvert is the subcommand convert: it makes one file by hand, as models fetch does by itself.
func runConvert(_ context.Context, args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("convert", flag.ContinueOnError)
	out := fs.String("o", "", "`file` to write")
	fs.Usage = func() {
		fmt.Fprintln(fs.Output(), "usage: omnilive convert -o FILE.gguf FOLDER\n\nFOLDER holds a Whisper model in CTranslate2's format: model.bin, config.json, vocabulary.txt, tokenizer.json.")
		fs.PrintDefaults()
	}
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() != 1 || *out == "" {
		fs.Usage()
		return fmt.Errorf("convert: want one folder and -o")
	}
	bar := newProgress(true)
	defer bar.close()
	err := whisper.Convert(fs.Arg(0), *out, func(done, total int64) {
		bar.tell(parts.Progress{Stage: "convert", Name: *out, Done: done, Total: total})
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, "wrote", *out)
	return err
}

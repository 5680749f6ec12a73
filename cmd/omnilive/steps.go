package main

import (
	"context"
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
				if err := llama.Open(dirs.llama()); err != nil {
					return err
				}
				return llama.Quantize(filepath.Join(models, small.SourceLLM), out, llama.FileQ4_0, runtime.NumCPU())
			},
		},
	}
}

package main

import (
	"cmp"
	"context"
	"fmt"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/llama"
	"omnilive/model/omni"
)

// open loads the checkpoint with a window that the question and its answer fit in.
func (l *askLoading) open(ctx context.Context, folder *omni.Folder, q omni.Request, progress func(string, int64, int64)) (*omni.Model, error) {
	positions, err := folder.Positions(q)
	if err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	kept, words, err := l.types(folder.Source.Tensors())
	if err != nil {
		return nil, err
	}
	engine := llama.EngineOptions{ContextPerSequence: cmp.Or(l.context, positions), Sequences: 1, Batch: 512, Threads: l.threads}
	if words == ggml.F32 { // as exactly as libllama computes
		engine.KVType, engine.FlashAttn = llama.KVF32, llama.FlashOff
	}
	return omni.Load(ctx, folder, omni.Options{
		Threads: l.threads, Type: kept, Types: typesOf(folder, l.quant, words), Cache: l.cache,
		Engine: engine, CPUOnly: words == ggml.F32, Place: l.place, Progress: progress,
	})
}

// types are how matrices are kept: as the flags say, else as exactly as the memory of this machine allows.
func (l *askLoading) types(tensors []checkpoint.Tensor) (kept, words ggml.Type, err error) {
	kept = roomiest(tensors, "/proc/meminfo")
	words = kept
	if l.quant != "auto" {
		if kept, err = parseType(l.quant); err != nil {
			return kept, words, fmt.Errorf("--quant: %w", err)
		}
	}
	if l.llmQuant != "auto" {
		if words, err = keepableType(l.llmQuant); err != nil {
			return kept, words, fmt.Errorf("--llm-quant: %w", err)
		}
	}
	return kept, words, nil
}

// typesOf are the types of single components: in a converted folder those it holds, unless one is asked for.
func typesOf(f *omni.Folder, quant string, words ggml.Type) map[string]ggml.Type {
	if f.Made != nil && quant == "auto" {
		return f.Made.LoadTypes()
	}
	return map[string]ggml.Type{omni.LanguageModel: words}
}

// roomiest is the first of f32, bf16 and q8_0 in which tensors take at most two thirds of the memory that is free.
func roomiest(tensors []checkpoint.Tensor, meminfo string) ggml.Type {
	have, err := availableMemory(meminfo)
	if err != nil {
		return ggml.BF16
	}
	numbers := int64(0)
	for _, t := range tensors {
		numbers += t.Elements()
	}
	switch {
	case 4*numbers < have/3*2:
		return ggml.F32
	case 2*numbers < have/3*2:
		return ggml.BF16
	}
	return ggml.Q8_0
}

package omni

import (
	"context"

	"omnilive/model/llama"
)

// Background marks what is done with ctx as work that looks ahead: frames of a camera, captions, pictures being drawn. On a
// device of networks it goes after everything that waits, and lets go of the device wherever it can; in the language model
// it rests while any call has a turn. What has waited for llama.Patience rests no longer.
func Background(ctx context.Context) context.Context { return llama.WithClass(ctx, llama.Background) }

// Turn marks what is done with ctx as work that a caller waits for in silence: it goes before everything else.
func Turn(ctx context.Context) context.Context { return llama.WithClass(ctx, llama.Turn) }

// classOf is llama.Normal where nobody said anything.
func classOf(ctx context.Context) llama.Class {
	c, _ := llama.ClassOf(ctx)
	return c
}

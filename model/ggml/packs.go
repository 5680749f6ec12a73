package ggml

// Packs tells whether packed matrices can be used on b: not on devices other than the processor.
func (b *Backend) Packs() bool { return !b.foreign() }

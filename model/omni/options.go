package omni

import (
	"omnilive/model/ggml"
	"omnilive/model/llama"
)

// Options say how a model is loaded.
type Options struct {
	Threads  int                                  // of the networks; 0 means one fewer than the processors, at least 1
	Type     ggml.Type                            // how matrices are kept: F32, F16, BF16, Q8_0
	Types    map[string]ggml.Type                 // the same for single components, the language model among them
	Partial  bool                                 // components that the checkpoint does not have at all are left out
	Cache    string                               // folder for what must be converted before it loads; "" is a temporary one
	Engine   llama.EngineOptions                  // of the language model
	Place    map[string]string                    // devices of components, as ParsePlace reads them; what it leaves out goes where DefaultPlace puts it
	CPUOnly  bool                                 // use no GPU but where Place says so
	Progress func(part string, done, total int64) // called while loading, on the goroutine of Load; may be nil
}

// kept is the type of a component's matrices.
func (o Options) kept(component string) ggml.Type {
	if t, ok := o.Types[component]; ok {
		return t
	}
	return o.Type
}

func (o Options) progress(part string) func(done, total int64) {
	if o.Progress == nil {
		return nil
	}
	return func(done, total int64) { o.Progress(part, done, total) }
}

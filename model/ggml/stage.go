package ggml

// A stage is an intermediate value that somebody watches.
type stage struct {
	name string
	t    Tensor
}

// Observe has f called after each Compute on this backend, on the same goroutine, with the values of every Stage of the
// graph, elements in the order of the tensor. nil ends it. It is for checks against a reference: it costs copies.
func (b *Backend) Observe(f func(stage string, values []float32)) { b.observe = f }

// Stage gives an intermediate f32 value a name for Observe and returns it. It costs nothing on a backend that nobody observes.
func (g *Graph) Stage(name string, t Tensor) Tensor {
	if g.b.observe == nil || g.err != nil || t.p == nil {
		return t
	}
	g.stages = append(g.stages, stage{name, g.Output(g.Cont(t))})
	return t
}

// report hands the stages of a computed graph to the observer.
func (g *Graph) report() error {
	if g.b.observe == nil {
		return nil
	}
	for _, s := range g.stages {
		values := make([]float32, s.t.Elements())
		if err := Take(g, s.t, 0, values); err != nil {
			return err
		}
		g.b.observe(s.name, values)
	}
	return nil
}

package checkpoint

// A Use is what a network does with a tensor, and so in which types a converted file may keep it.
type Use int

// The uses, from the one that asks most of the numbers to the one that asks nothing.
const (
	UseExact  Use = iota // read as f32 for something that is no product: norms, biases, tables, what others are scaled by
	UseSource            // a matrix is computed from it at load: any type without blocks
	UseMatrix            // a matrix as it is: any type
	UseUnread            // has to be there, and takes no memory
)

// Uses tells of every tensor that the plan names and that is there what it is used for, by its whole name.
func (p *Plan) Uses() map[string]Use {
	uses := make(map[string]Use, len(p.named))
	for name := range p.named {
		if _, ok := p.src.Lookup(name); ok {
			uses[name] = UseUnread
		}
	}
	for i := range p.items {
		it := &p.items[i]
		for _, t := range it.needs {
			if _, ok := uses[t.Name]; ok {
				uses[t.Name] = min(uses[t.Name], it.use(t))
			}
		}
	}
	return uses
}

// use is what an item does with one of the tensors it needs. Of those that a matrix is computed from only the largest is
// its numbers; lengths, means and the like are not.
func (it *item) use(t Tensor) Use {
	if !it.matrix || len(t.Shape) < 2 || t.Elements() == t.Shape[0] {
		return UseExact
	}
	if it.make == nil {
		return UseMatrix
	}
	for _, other := range it.needs {
		if other.Elements() > t.Elements() {
			return UseExact
		}
	}
	return UseSource
}

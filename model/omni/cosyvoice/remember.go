package cosyvoice

import "context"

// remember makes room for what the networks remember of units up to end. Where chunks are 0 nothing is remembered.
func (p *Passage) remember(ctx context.Context, end, chunk int) error {
	if chunk == 0 {
		return nil
	}
	capacity := (end + groupChunks*chunk) / chunk * chunk // half as much again as there was, so that little is copied often
	if p.spare != nil {
		capacity = max(capacity, p.spare.capacity*3/2)
	}
	if p.lower == nil || p.lower.capacity < end {
		if p.lower == nil {
			slots, err := p.slots(chunk, false)
			if err != nil {
				return err
			}
			p.lower = slots
		}
		if err := p.grow(ctx, &p.lower, capacity); err != nil {
			return err
		}
	}
	return p.rememberSteps(ctx, end, chunk, capacity)
}

// rememberSteps lets as many steps of the estimator remember as there is room for. One that forgot does not begin again.
func (p *Passage) rememberSteps(ctx context.Context, end, chunk, capacity int) error {
	if p.spare != nil && p.spare.capacity >= end {
		return nil
	}
	slots := p.spare
	if slots == nil {
		var err error
		if slots, err = p.slots(chunk, true); err != nil {
			return err
		}
	}
	p.spare.close()
	all := int(p.room / max(1, slots.bytes(capacity))) // pasts there is room for
	for i := range p.steps {
		if i >= all || p.whole > 0 && p.steps[i] == nil {
			p.steps[i].close()
			p.steps[i] = nil
			continue
		}
		if p.steps[i] == nil {
			p.steps[i] = &past{slots: slots.slots}
		}
		if err := p.grow(ctx, &p.steps[i], capacity); err != nil {
			return err
		}
	}
	p.spare = &past{slots: slots.slots}
	if p.steps[len(p.steps)-1] != nil { // all remember
		p.spare.capacity = capacity
		return nil
	}
	return p.grow(ctx, &p.spare, capacity)
}

// slots returns a past that knows what a network remembers, told by a run of one chunk that is not computed.
func (p *Passage) slots(chunk int, estimator bool) (*past, error) {
	d, c := p.d, p.d.flow.Config
	s := span{units: make([]int32, chunk), n: chunk, chunk: chunk, past: &past{}}
	if err := d.roomFor(max(s.encoderNodes(c), s.estimatorNodes(c))); err != nil {
		return nil, err
	}
	if estimator {
		d.flow.velocity(d.graph, s, nil, nil)
	} else {
		d.flow.mean(d.graph, s)
	}
	return s.past, d.graph.Err()
}

// grow moves what p remembers into more room.
func (p *Passage) grow(ctx context.Context, old **past, capacity int) error {
	bigger, err := (*old).sized(p.d.backend, capacity)
	if err != nil {
		return err
	}
	if (*old).length > 0 && (*old).store != nil {
		if err := p.d.roomFor(8 * (len(bigger.slots) + 1)); err != nil {
			bigger.close()
			return err
		}
		(*old).copyTo(p.d.graph, bigger)
		if err := p.d.graph.Compute(ctx, nil); err != nil {
			bigger.close()
			return err
		}
	}
	(*old).close()
	*old = bigger
	return nil
}

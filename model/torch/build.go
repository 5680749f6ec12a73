package torch

import (
	"errors"
	"fmt"
)

// fill puts items into the list or dictionary below them: one (a, s) or all above a mark (e, u).
func (u *unpickler) fill(op byte) error {
	var items []any
	var err error
	if op == 'u' || op == 'e' {
		items, err = u.popMark()
	} else {
		n := map[byte]int{'s': 2, 'a': 1}[op]
		if len(u.stack) < n {
			return errStack
		}
		items = append(items, u.stack[len(u.stack)-n:]...)
		u.stack = u.stack[:len(u.stack)-n]
	}
	if err != nil {
		return err
	}
	if len(u.stack) == 0 {
		return errStack
	}
	switch c := u.stack[len(u.stack)-1].(type) {
	case *list:
		if op == 'a' || op == 'e' {
			c.items = append(c.items, items...)
			return nil
		}
	case *dictionary:
		if (op == 's' || op == 'u') && len(items)%2 == 0 {
			for i := 0; i < len(items); i += 2 {
				c.keys, c.values = append(c.keys, items[i]), append(c.values, items[i+1])
			}
			return nil
		}
	}
	return errors.New("items are put into what does not take them")
}

// persistent turns ('storage', class, key, device, count) into a storage; the older format has a None behind.
func (u *unpickler) persistent() error {
	v, err := u.pop()
	if err != nil {
		return err
	}
	t, ok := v.(tuple)
	if !ok || len(t) < 5 || len(t) > 6 || t[0] != "storage" || len(t) == 6 && t[5] != nil {
		return errors.New("a reference that is not to a whole storage")
	}
	class, ok1 := t[1].(global)
	key, ok2 := t[2].(string)
	kind, ok4 := kinds[class]
	count, ok3 := integer(t[4])
	if !ok1 || !ok2 || !ok3 || !ok4 || count < 0 || count > maxElements {
		return errors.New("a reference to a storage of an unknown kind")
	}
	if old := u.storages[key]; old != nil {
		if old.kind != kind || old.count != count {
			return fmt.Errorf("storage %s is described in two ways", key)
		}
		u.push(old)
		return nil
	}
	if len(u.storages) >= maxTensors {
		return errors.New("more storages than this reader takes")
	}
	s := &storage{key: key, kind: kind, count: count}
	u.storages[key] = s
	u.push(s)
	return nil
}

// reduce stands for the call of a global with a tuple of arguments.
func (u *unpickler) reduce() error {
	a, err := u.pop()
	if err != nil {
		return err
	}
	f, err := u.pop()
	if err != nil {
		return err
	}
	args, ok := a.(tuple)
	switch {
	case ok && f == any(orderedDict) && len(args) == 0:
		u.push(&dictionary{})
		return nil
	case ok && f == any(parameter) && len(args) >= 1:
		u.push(args[0]) // (tensor, …)
		return nil
	case ok && f == any(rebuildTensor) && len(args) >= 4:
		v, err := newView(args)
		if err == nil {
			u.push(v)
		}
		return err
	}
	return errors.New("a call that is not allowed")
}

// newView reads (storage, offset, shape, stride, …).
func newView(args tuple) (*view, error) {
	s, ok1 := args[0].(*storage)
	offset, ok2 := integer(args[1])
	shape, ok3 := integers(args[2])
	stride, ok4 := integers(args[3])
	if !ok1 || !ok2 || !ok3 || !ok4 || len(shape) != len(stride) || offset < 0 || offset > maxElements {
		return nil, errors.New("a tensor of an unknown make")
	}
	return &view{storage: s, offset: offset, shape: shape, stride: stride}, nil
}

func integers(v any) ([]int64, bool) {
	t, ok := v.(tuple)
	if !ok || len(t) > maxDims {
		return nil, false
	}
	out := make([]int64, len(t))
	for i := range t {
		if out[i], ok = integer(t[i]); !ok {
			return nil, false
		}
	}
	return out, true
}

// integer takes a whole number in either of its forms.
func integer(v any) (int64, bool) {
	if l, ok := v.(long); ok {
		return l.int64()
	}
	n, ok := v.(int64)
	return n, ok
}

// int64 returns the number where it fits.
func (l long) int64() (int64, bool) {
	if len(l) > 8 {
		return 0, false
	}
	n := int64(0)
	for i, b := range []byte(l) {
		n |= int64(b) << (8 * i)
	}
	if k := len(l); k > 0 && k < 8 && l[k-1] >= 0x80 {
		n -= 1 << (8 * k)
	}
	return n, true
}

// get returns the value under a name, the last one where there are several, nil where there is none.
func (d *dictionary) get(name string) any {
	for i := len(d.keys) - 1; i >= 0; i-- {
		if d.keys[i] == any(name) {
			return d.values[i]
		}
	}
	return nil
}

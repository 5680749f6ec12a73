package pth

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

// persistent turns ('storage', class, key, device, count, None) into a storage.
func (u *unpickler) persistent() error {
	v, err := u.pop()
	if err != nil {
		return err
	}
	t, ok := v.(tuple)
	if !ok || len(t) != 6 || t[0] != "storage" || t[5] != nil {
		return errors.New("a reference that is not to a whole storage")
	}
	class, ok1 := t[1].(global)
	key, ok2 := t[2].(string)
	count, ok3 := t[4].(int64)
	kind, ok4 := storageKinds[class]
	if !ok1 || !ok2 || !ok3 || !ok4 || count < 0 || count > maxElements {
		return errors.New("a reference to a storage of an unknown kind")
	}
	s := &storage{key: key, float: kind.float, width: kind.width, count: int(count)}
	if old := u.storages[key]; old != nil && *old != *s {
		return fmt.Errorf("storage %s is described in two ways", key)
	}
	if len(u.storages) >= maxTensors {
		return errors.New("more storages than this reader takes")
	}
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
	offset, ok2 := args[1].(int64)
	shape, ok3 := integers(args[2])
	stride, ok4 := integers(args[3])
	if !ok1 || !ok2 || !ok3 || !ok4 || len(shape) != len(stride) || offset < 0 || offset > maxElements {
		return nil, errors.New("a tensor of an unknown make")
	}
	return &view{storage: s, offset: int(offset), shape: shape, stride: stride}, nil
}

func integers(v any) ([]int, bool) {
	t, ok := v.(tuple)
	if !ok || len(t) > 8 {
		return nil, false
	}
	out := make([]int, len(t))
	for i := range t {
		n, ok := t[i].(int64)
		if !ok {
			return nil, false
		}
		out[i] = int(n)
	}
	return out, true
}

package ggml

// #include "calls.h"
import "C"

import "sync"

var bound struct {
	sync.Mutex
	done bool
}

// bind fills the table of calls from the loaded libraries.
func bind() error {
	bound.Lock()
	defer bound.Unlock()
	if bound.done {
		return nil
	}
	for i := range C.calls {
		p, err := Symbol(C.GoString(C.call_name(C.int(i))))
		if err != nil {
			return err
		}
		C.call_table[i] = p
	}
	bound.done = true
	return nil
}

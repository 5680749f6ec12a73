package omni

import (
	"context"
	"sync"
)

// A hush keeps what the audio encoder makes of a whole window without any sound: a call whose microphone is off is full of them.
type hush struct {
	mu   sync.Mutex
	rows []float32
}

// hushed is listen for one whole window. It says whether that was silent: then the rows may have been made before, and are not to
// be written to.
func (m *Model) hushed(ctx context.Context, samples []float32) (rows []float32, silent bool, err error) {
	for _, v := range samples {
		if v != 0 {
			rows, err = m.listen(ctx, samples)
			return rows, false, err
		}
	}
	m.hush.mu.Lock()
	rows = m.hush.rows
	m.hush.mu.Unlock()
	if rows != nil {
		return rows, true, nil
	}
	if rows, err = m.listen(ctx, samples); err != nil {
		return nil, true, err
	}
	m.hush.mu.Lock()
	m.hush.rows = rows
	m.hush.mu.Unlock()
	return rows, true, nil
}

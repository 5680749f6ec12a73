package gst

import (
	"errors"
	"fmt"
	"sync"

	"github.com/go-gst/go-gst/gst"
)

// logLength is how many messages a log keeps: broken packets bring a warning each.
const logLength = 16

// A log keeps the newest messages of a bus and the first error.
type log struct {
	mu   sync.Mutex
	text []string
	err  error
	once sync.Once
	done chan struct{} // closed at the first error and at the end of the stream
}

func newLog() *log { return &log{done: make(chan struct{})} }

func (l *log) end() { l.once.Do(func() { close(l.done) }) }

// add appends s, forgetting the oldest message when full.
func (l *log) add(s string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.text) == logLength {
		copy(l.text, l.text[1:])
		l.text = l.text[:logLength-1]
	}
	l.text = append(l.text, s)
	if l.err == nil {
		l.err = err
	}
}

func (l *log) drain() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.text
	l.text = nil
	return t
}

func (l *log) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// handler takes every message off the bus on the thread that posts it: no queue grows and no goroutine waits.
// It holds the log alone, because GStreamer keeps it for as long as the bus lives.
func handler(l *log) gst.BusSyncHandler {
	return func(m *gst.Message) gst.BusSyncReply {
		switch m.Type() {
		case gst.MessageError:
			e := m.ParseError()
			s := fmt.Sprintf("error: %s (%s)", e.Error(), e.DebugString())
			l.add(s, errors.New("pipeline stopped: "+s))
			l.end()
		case gst.MessageWarning:
			e := m.ParseWarning()
			l.add(fmt.Sprintf("warning: %s (%s)", e.Error(), e.DebugString()), nil)
		case gst.MessageEOS:
			l.add(EndOfStream, nil)
			l.end()
		}
		m.Unref() // a handler that answers BusDrop owns the message
		return gst.BusDrop
	}
}

// EndOfStream is the message that Drain shows when the stream has come to its end.
const EndOfStream = "end of stream"

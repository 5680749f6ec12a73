package media

import "time"

// A limit lets through so many packets a second, counted in windows of one second.
type limit struct {
	most  int
	since time.Time
	seen  int
}

// allow counts a packet that arrives at now and reports whether it may pass.
func (l *limit) allow(now time.Time) bool {
	if now.Sub(l.since) >= time.Second {
		l.since, l.seen = now, 0
	}
	l.seen++
	return l.seen <= l.most
}

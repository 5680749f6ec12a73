package live

import (
	"fmt"

	"omnilive/model/omni"
	"omnilive/model/omni/prompt"
)

// A feed is what went into the window at once: ids, or rows of features.
type feed struct {
	ids  []int32
	rows []float32
	n    int // positions
}

// What a part of a message shows.
type shown uint8

const (
	typed  shown = iota // words
	heard               // speech
	image               // an uploaded picture
	look                // what the camera showed at a question
	moment              // what it showed before
)

// A part is one piece of a user's message.
type part struct {
	shows shown
	text  string     // what stands for it when its media are gone
	item  *omni.Item // nil: words
	time  string     // of a moment
}

// A stretch is what the window holds from one step of the conversation: a message, a part of one, or an answer.
type stretch struct {
	at, n  int // position, and how many
	role   string
	feeds  []feed
	parts  []part          // of a user's
	media  prompt.Counters // before it
	unsaid bool            // before it
	begins bool            // a message begins with it
	ends   bool            // a message ends with it
	brief  bool            // it holds words only, those of an older turn
	bare   bool            // its rows of features are given up: it can no more be put in again as it is
	turned int             // how often its feeds changed
	answer *answer         // an assistant's
	told   prompt.Message  // another role's, as the template takes it
	closed int             // positions of the end that the message before it had, until it went on with this
}

// end is the position behind the stretch.
func (s *stretch) end() int { return s.at + s.n }

func (s *stretch) add(f feed) {
	s.feeds = append(s.feeds, f)
	s.n += f.n
	s.turned++
}

// A log is all that a window holds, in order.
type log struct {
	all []*stretch
}

func (l *log) last() *stretch {
	if len(l.all) == 0 {
		return nil
	}
	return l.all[len(l.all)-1]
}

// open tells whether the last message goes on.
func (l *log) open() bool {
	s := l.last()
	return s != nil && s.role == "user" && !s.ends
}

// cut takes out the stretches from position p on, the head aside, and returns them, the newest first.
func (l *log) cut(p int) (out []*stretch, err error) {
	for n := len(l.all); n > 1 || n == 1 && l.all[0].role != "head"; n = len(l.all) {
		s := l.all[n-1]
		if s.at+s.closed < p {
			if p < s.end() {
				return out, fmt.Errorf("position %d lies inside of a message", p)
			}
			break
		}
		l.all, out = l.all[:n-1], append(out, s)
	}
	return out, nil
}

// place numbers the stretches' positions anew.
func (l *log) place() {
	at := 0
	for _, s := range l.all {
		s.at = at
		at += s.n
	}
}

// pieces are the feeds of a rendered prompt.
func feeds(pieces []prompt.Piece, items []omni.Item) (all []feed, err error) {
	for _, p := range pieces {
		if p.Slot == prompt.None || p.Rows == 0 {
			all = append(all, feed{ids: p.Tokens, n: len(p.Tokens)})
			continue
		}
		rows, err := omni.RowsOf(p, items)
		if err != nil {
			return nil, err
		}
		all = append(all, feed{rows: rows, n: p.Rows})
	}
	return all, nil
}

func positions(all []feed) (n int) {
	for _, f := range all {
		n += f.n
	}
	return n
}

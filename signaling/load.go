package signaling

import (
	"math"
	"slices"
	"time"
)

// Admission says which calls have to wait. The zero value refuses what finds no place.
type Admission struct {
	// Queue is how many connected calls may wait for a place; 0: none.
	Queue int
	// Busy appends to dst how long each thing that computes for calls has been at work so far, in an order that stays;
	// nothing while nothing has been loaded. A call has to wait where it would keep one of them at work for longer than there
	// is time. No Busy: calls are limited by their number alone.
	Busy func(dst []time.Duration) []time.Duration
	// Cost is what a speaking call took in a trial, seconds of work a second; it counts until calls have been measured. May
	// be nil.
	Cost func() float64
}

// A Load says how busy the model is with calls.
type Load struct {
	Now  float64 // of what is busiest: seconds of work a second, over the last ten seconds
	Call float64 // what a call adds to it, on average
}

const (
	tickEvery = 500 * time.Millisecond
	loadSpan  = 10 * time.Second  // what Load.Now looks back
	callSpan  = 300 * time.Second // of calls: what Load.Call looks back, the older the less
	trialSpan = 60 * time.Second  // of calls: how much the trial counts for
	leastTalk = 4                 // one part in so many of a call is taken for speech, however silent calls were
)

// A gauge measures the load. It is used under the Hub's lock.
type gauge struct {
	admission Admission
	samples   []sample  // of the last loadSpan, the oldest first
	spent     []float64 // seconds of work, those long ago counted less
	calls     float64   // seconds of calls, likewise
	trial     float64
	spare     []time.Duration // of a sample that is gone
}

type sample struct {
	at   time.Time
	busy []time.Duration
}

// tick takes a sample, inside calls being under way.
func (g *gauge) tick(now time.Time, inside int) {
	if g.admission.Busy == nil {
		return
	}
	busy := g.admission.Busy(g.spare[:0])
	if g.spare = nil; len(busy) == 0 {
		return
	}
	if len(busy) != len(g.spent) {
		g.begin(len(busy))
	}
	if n := len(g.samples); n > 0 {
		last := g.samples[n-1]
		lasted := float64(inside) * now.Sub(last.at).Seconds()
		fade := math.Exp(-lasted / callSpan.Seconds())
		g.calls = g.calls*fade + lasted
		for i, b := range busy {
			g.spent[i] = g.spent[i]*fade + (b - last.busy[i]).Seconds()
		}
	}
	for len(g.samples) > 1 && now.Sub(g.samples[1].at) >= loadSpan {
		g.spare = g.samples[0].busy
		g.samples = slices.Delete(g.samples, 0, 1)
	}
	g.samples = append(g.samples, sample{now, busy})
}

// begin starts with what the trial said.
func (g *gauge) begin(n int) {
	if g.trial = 0; g.admission.Cost != nil {
		g.trial = g.admission.Cost()
	}
	g.samples, g.calls, g.spent = nil, trialSpan.Seconds(), make([]float64, n)
	for i := range g.spent {
		g.spent[i] = g.trial * g.calls
	}
}

// load is what the samples come to.
func (g *gauge) load() (l Load) {
	if g.calls == 0 {
		return l
	}
	l.Call = g.trial / leastTalk
	for _, s := range g.spent {
		l.Call = max(l.Call, s/g.calls)
	}
	n := len(g.samples)
	if n < 2 {
		return l
	}
	from, to := g.samples[0], g.samples[n-1]
	span := max(to.at.Sub(from.at), loadSpan) // an answer is made ahead in a burst: a moment's share says nothing
	for i, b := range to.busy {
		l.Now = max(l.Now, (b-from.busy[i]).Seconds()/span.Seconds())
	}
	return l
}

// bears tells whether there is time for one call more. One alone is always taken: nobody else can stutter.
func (g *gauge) bears(inside int) bool {
	l := g.load()
	return inside == 0 || max(l.Now, float64(inside)*l.Call)+l.Call <= 1
}

package streaming

import "omnilive/model"

// A signal is what the endpointer makes of one more hop of sound.
type signal int

const (
	quiet   signal = iota // nothing new
	started               // speech began
	paused                // speech stopped for pauseHops: maybe the end of the turn
	resumed               // speech went on after a pause
)

// Lengths in hops of 32 ms. Silero's probability falls one or two hops after the voice does,
// so two quiet hops are about 100 ms of silence.
const (
	startHops  = 3 // voiced hops among the last four that make speech
	pauseHops  = 2
	resumeHops = 2 // voiced hops that end a pause: a click must not throw the begun answer away
)

// hysteresis is how far below the threshold a hop may fall and still count as speech under way.
const hysteresis = 0.15

// An endpointer follows speech and silence on the session's sample clock. It knows nothing of what is said.
type endpointer struct {
	threshold  float32
	speaking   bool
	pausing    bool
	recent     uint8 // the last four hops, one bit each: voiced
	quietHops  int
	voicedHops int   // voiced in a row
	speech     int   // voiced hops since started
	start      int64 // first voiced sample of the utterance
	lastVoiced int64 // the sample after the last voiced hop
}

// step takes the speech probability of the hop that ends at sample at.
func (e *endpointer) step(p float32, at int64) signal {
	limit := e.threshold
	if e.speaking {
		limit -= hysteresis
	}
	voiced := p >= limit
	e.recent = e.recent << 1 & 0xf
	if voiced {
		e.recent |= 1
		e.voicedHops++
		e.quietHops = 0
	} else {
		e.voicedHops = 0
		e.quietHops++
	}
	if !e.speaking {
		return e.begin(at)
	}
	if voiced {
		e.speech++
		return e.goOn(at)
	}
	if !e.pausing && e.quietHops >= pauseHops {
		e.pausing = true
		return paused
	}
	return quiet
}

func (e *endpointer) begin(at int64) signal {
	n := 0
	first := 0
	for i := range 4 {
		if e.recent>>i&1 == 1 {
			n, first = n+1, i
		}
	}
	if n < startHops {
		return quiet
	}
	e.speaking, e.pausing, e.speech = true, false, n
	e.start = at - int64((first+1)*model.Hop)
	e.lastVoiced = at
	return started
}

func (e *endpointer) goOn(at int64) signal {
	if !e.pausing {
		e.lastVoiced = at
		return quiet
	}
	if e.voicedHops < resumeHops {
		return quiet
	}
	e.pausing, e.lastVoiced = false, at
	return resumed
}

// end forgets the utterance; what comes next is a new one.
func (e *endpointer) end() { *e = endpointer{threshold: e.threshold} }

// silence is how long nothing was voiced at sample at, in samples.
func (e *endpointer) silence(at int64) int64 { return at - e.lastVoiced }

// ms turns samples at the input rate into milliseconds.
func ms(samples int64) int64 { return samples * 1000 / model.InputRate }

// wait is how long the silence must last, in milliseconds, before the turn counts as ended: score is the
// probability that it has (negative: not known yet). However sure one opinion is that the user goes on, the wait is
// capped: smart-turn alone takes many finished questions for unfinished ones.
func (t TurnDetection) wait(score float64) int64 {
	if t.Type == ServerVAD {
		return int64(t.SilenceDurationMS)
	}
	sure, likely, limit := int64(220), int64(420), int64(900)
	switch t.Eagerness {
	case "high":
		sure, likely, limit = 160, 320, 600
	case "low":
		sure, likely, limit = 500, 1000, 2500
	}
	switch {
	case score >= 0.6:
		return sure
	case score >= 0.35:
		return likely
	}
	return limit
}

// combine joins the two opinions on whether the turn has ended: sound (smart-turn) and words. A finished sentence that sounds
// unfinished is believed, as is one that sounds finished; an open one ("… and") is not, whatever it sounds like.
func combine(sound, words float64) float64 {
	if words < 0.25 {
		return min(sound, 0.34)
	}
	return 1 - (1-sound)*(1-words)
}

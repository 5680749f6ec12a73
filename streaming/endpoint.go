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

// Lengths in hops of 32 ms.
const (
	startHops  = 3 // voiced hops among the last four that make speech
	pauseHops  = 2 // quiet hops that make a pause
	resumeHops = 2 // sounding hops that end a pause: a click must not throw the begun answer away
)

const (
	// hysteresis is how far below the threshold a hop may fall and still count as speech under way.
	hysteresis = 0.15
	// calm is how loud a hop must be, of the utterance's level, to be more than the room. Silero's probability falls 70 to
	// 100 ms after the voice does; in a quiet room loudness tells of the pause two hops sooner. It only begins an answer:
	// whether the turn has ended is counted from the last hop that Silero took for voiced.
	calm = 0.04
	// fading is what the level keeps from hop to hop: half of it after two seconds.
	fading = 0.99
)

// An endpointer follows speech and silence on the session's sample clock. It knows nothing of what is said.
type endpointer struct {
	threshold  float32
	speaking   bool
	pausing    bool
	recent     uint8   // the last four hops, one bit each: voiced
	level      float32 // of the loudest hops lately
	quietHops  int
	soundHops  int   // sounding in a row
	speech     int   // sounding hops since started
	start      int64 // first voiced sample of the utterance
	lastVoiced int64 // the sample after the last voiced hop
}

// step takes the speech probability of the hop that ends at sample at, and its largest sample.
func (e *endpointer) step(p, loud float32, at int64) signal {
	limit := e.threshold
	if e.speaking {
		limit -= hysteresis
	}
	voiced := p >= limit
	e.recent = e.recent << 1 & 0xf
	if voiced {
		e.recent |= 1
		e.level = max(e.level*fading, loud)
	}
	sounding := voiced && loud >= calm*e.level
	if sounding {
		e.soundHops++
		e.quietHops = 0
	} else {
		e.soundHops = 0
		e.quietHops++
	}
	if !e.speaking {
		return e.begin(at)
	}
	if voiced {
		e.lastVoiced = at
	}
	if sounding {
		e.speech++
	}
	switch {
	case !e.pausing && e.quietHops >= pauseHops:
		e.pausing = true
		return paused
	case e.pausing && e.soundHops >= resumeHops:
		e.pausing = false
		return resumed
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

// combine joins the two opinions on whether the turn has ended: sound (smart-turn) and words. A question is believed whatever it
// sounds like: smart-turn takes many for unfinished. A statement may go on ("I went to the store. … And"): it needs a voice that
// falls. What is left open ("… and") is not believed, whatever it sounds like.
func combine(sound, words float64) float64 {
	switch {
	case words < 0.25:
		return min(sound, 0.34)
	case words >= 0.9:
		return 1 - (1-sound)*(1-words)
	}
	return (sound + words) / 2
}

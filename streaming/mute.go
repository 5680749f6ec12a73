package streaming

import "omnilive/model"

// A muteWatch notices a microphone that sends nothing but digital silence.
type muteWatch struct {
	hops   int
	silent bool
}

// mutedAfter is how much of nothing makes a muted microphone: 5 s.
const mutedAfter = 5 * model.InputRate / model.Hop

func (m *muteWatch) step(h hop, emit func(Event)) {
	if h.loud > 1e-5 {
		m.hops = 0
		if m.silent {
			m.silent = false
			emit(InputSilent{Silent: false})
		}
		return
	}
	m.hops++
	if m.hops == mutedAfter {
		m.silent = true
		emit(InputSilent{Silent: true})
	}
}

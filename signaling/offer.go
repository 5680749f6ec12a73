package signaling

import (
	"strings"

	"github.com/pion/sdp/v3"
)

// Limits on an offer.
const (
	// MaxOffer is the largest offer, in bytes.
	MaxOffer = 256 << 10

	maxSections   = 8  // m-lines
	maxCandidates = 64 // a=candidate lines: each makes us send packets to an address of the caller's choice
)

// checkOffer refuses what cannot become a call and says why, before anything is allocated for it.
func checkOffer(offer string) error {
	if len(offer) > MaxOffer {
		return invalid(codeInvalidSDP, "sdp", "the offer has %d bytes; the limit is %d", len(offer), MaxOffer)
	}
	if strings.TrimSpace(offer) == "" {
		return invalid(codeInvalidSDP, "sdp", "the offer is empty; send the SDP offer as the body")
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(offer); err != nil {
		return invalid(codeInvalidSDP, "sdp", "the offer is not SDP: %s", short(err))
	}
	if len(d.MediaDescriptions) > maxSections {
		return invalid(codeInvalidSDP, "sdp", "the offer has %d media sections; the limit is %d", len(d.MediaDescriptions), maxSections)
	}
	candidates, audio, opus := 0, false, false
	for _, m := range d.MediaDescriptions {
		for _, a := range m.Attributes {
			if a.Key == "candidate" {
				candidates++
			}
		}
		if m.MediaName.Media == "audio" && m.MediaName.Port.Value != 0 {
			audio = true
			opus = opus || hasOpus(m)
		}
	}
	switch {
	case candidates > maxCandidates:
		return invalid(codeInvalidSDP, "sdp", "the offer has %d candidates; the limit is %d", candidates, maxCandidates)
	case !audio:
		return invalid(codeInvalidSDP, "sdp", "the offer has no audio section; add a microphone track or a sendrecv audio transceiver")
	case !opus:
		return invalid(codeInvalidSDP, "sdp", "the offer's audio section has no Opus; offer opus/48000/2")
	}
	return nil
}

func hasOpus(m *sdp.MediaDescription) bool {
	for _, a := range m.Attributes {
		if a.Key != "rtpmap" {
			continue
		}
		_, codec, _ := strings.Cut(a.Value, " ")
		if strings.HasPrefix(strings.ToLower(strings.TrimSpace(codec)), "opus/48000") {
			return true
		}
	}
	return false
}

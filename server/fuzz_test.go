package server

import (
	"net/http/httptest"
	"strings"
	"testing"

	"omnilive/signaling"
)

// Whatever is posted as an offer is refused or bounded.
func FuzzReadOffer(f *testing.F) {
	const form = "--x\r\nContent-Disposition: form-data; name=\"sdp\"\r\n\r\nv=0\r\n--x\r\n" +
		"Content-Disposition: form-data; name=\"session\"\r\n\r\n{}\r\n--x--\r\n"
	f.Add("application/sdp", "v=0")
	f.Add("multipart/form-data; boundary=x", form)
	f.Add("multipart/form-data; boundary=x", strings.Replace(form, "sdp", "more", 1))
	f.Add("multipart/form-data", form)
	f.Add("text/plain; =", "")
	f.Fuzz(func(t *testing.T, kind, body string) {
		r := httptest.NewRequest("POST", "/v1/realtime/calls", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		offer, o, err := readOffer(httptest.NewRecorder(), r)
		if err == nil && (len(offer) > signaling.MaxOffer || len(o.Session) > signaling.MaxSession) {
			t.Errorf("took an offer of %d bytes and a session of %d", len(offer), len(o.Session))
		}
	})
}

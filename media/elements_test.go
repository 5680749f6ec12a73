package media

import (
	"os"
	"strings"
	"testing"
)

// TestElementsAreComplete holds that every element in a pipeline of this package is listed, and no other.
func TestElementsAreComplete(t *testing.T) {
	all := opusIn + " ! " + opusOut + " ! " + videoIn
	for _, c := range videoCodecs() {
		all += " ! " + c.decoder
	}
	used := map[string]bool{}
	for part := range strings.SplitSeq(all, "!") {
		if name := strings.Fields(part)[0]; !strings.Contains(name, "/") && !strings.Contains(name, "%") {
			used[name] = true
		}
	}
	files := ""
	for _, name := range []string{"gst/decode.go", "videofile.go", "soundfile.go"} { // their pipelines are put together as they run
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files += string(text)
	}
	for _, e := range Elements() {
		if !used[e.Name] && !(e.Optional && strings.Contains(files, e.Name+" ")) {
			t.Errorf("%s is listed but not used", e.Name)
		}
		delete(used, e.Name)
	}
	for name := range used {
		t.Errorf("%s is used but not listed", name)
	}
	if n := len(MissingElements()); n > len(Elements()) || GStreamerVersion() == "" {
		t.Errorf("%d missing", n)
	}
}

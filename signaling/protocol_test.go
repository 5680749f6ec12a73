package signaling

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// Every message we send or take is named in docs/protocol.md.
func TestProtocolIsWrittenDown(t *testing.T) {
	doc, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open("testdata/messages.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	names := map[string]bool{}
	for s := bufio.NewScanner(f); s.Scan(); {
		var h head
		if err := json.Unmarshal(s.Bytes(), &h); err != nil || h.EventID == "" {
			t.Fatalf("%s: %v", s.Bytes(), err)
		}
		names[h.Type] = true
	}
	for name := range decoders {
		names[name] = true
	}
	for name := range names {
		family, last := name[:strings.LastIndex(name+".", ".")], name
		if i := strings.LastIndex(name, "."); i > 0 {
			family, last = name[:i], name[i:]
		}
		if !strings.Contains(string(doc), name) && !(strings.Contains(string(doc), family) && strings.Contains(string(doc), last)) {
			t.Errorf("docs/protocol.md does not name %s", name)
		}
	}
	if len(names) < 40 {
		t.Errorf("only %d messages found", len(names))
	}
}

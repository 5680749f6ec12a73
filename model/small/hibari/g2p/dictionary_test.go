package g2p

import (
	"encoding/json"
	"testing"
)

func TestDictionaryFindsWhatItHolds(t *testing.T) {
	var d dictionary
	const file = `{"zoo":"z1","apple":"a1","Apple":"A1","Bob":"b1","é":"e1","read":{"DEFAULT":"r1","VBD":"r2","X":null},"":"n1"}`
	if err := json.Unmarshal([]byte(file), &d); err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]string{
		"zoo": "z1", "apple": "a1", "Apple": "A1", "Bob": "b1", "bob": "b1", "Zoo": "z1", "é": "e1", "read": "r1", "Read": "r1", "": "n1",
	} {
		if e, ok := d.find(word); !ok || e.phonemes != want {
			t.Errorf("%q: %q, %v, want %q", word, e.phonemes, ok, want)
		}
	}
	for _, word := range []string{"ZOO", "app", "apples", "z", "zzz", "É"} {
		if e, ok := d.find(word); ok {
			t.Errorf("%q was found: %v", word, e)
		}
	}
	e := d.entry("read")
	if x, ok := e.byTag["X"]; e.byTag["VBD"] != "r2" || !ok || x != "" {
		t.Errorf("%v", e)
	}
	if json.Unmarshal([]byte(`{"a":[1]}`), new(dictionary)) == nil {
		t.Error("a list was taken for an entry")
	}
}

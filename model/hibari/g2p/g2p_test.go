package g2p

import (
	"os"
	"path/filepath"
	"testing"
)

func open(t testing.TB) *Reader {
	t.Helper()
	dir := os.Getenv("OMNILIVE_MODELS")
	if dir == "" {
		t.Skip("OMNILIVE_MODELS is not set: no tables to read with")
	}
	r, err := Open(filepath.Join(dir, "hibari"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRead(t *testing.T) {
	r := open(t)
	for _, s := range []string{"Hello there.", "King Charles sat down.", "He died on 5 May.", "Call 555-1234 now.", "B2B sales are up by $5.", "Mr. Smith's café isn't open at 9:30am on Jan. 5th, 2019!", "The **quick** brown fox 😀 jumps."} {
		w, err := r.Read(s)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(s, "|", Join(w), w)
	}
}

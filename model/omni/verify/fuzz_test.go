package verify

import (
	"os"
	"path/filepath"
	"testing"
)

// A sound file that is taken gives samples between -1 and 1, no more than it has bytes for.
func FuzzParseWave(f *testing.F) {
	b, err := os.ReadFile(filepath.Join("testdata", "omni-whole", "media", "question.wav"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b[:300])
	f.Add(append(b[:44:44], b[44:60]...))
	f.Add([]byte("RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := parseWave(b)
		if err != nil {
			return
		}
		if 2*len(x) > len(b) {
			t.Errorf("%d samples of %d bytes", len(x), len(b))
		}
		for _, v := range x {
			if v < -1 || v >= 1 {
				t.Fatalf("sample %v", v)
			}
		}
	})
}

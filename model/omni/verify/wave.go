package verify

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// mediaSound reads a WAV file of 16-bit numbers, one channel, as samples of [-1, 1).
func mediaSound(r *Run, file string) ([]float32, error) {
	if !filepath.IsLocal(file) {
		return nil, fmt.Errorf("media file %q is not inside the folder", file)
	}
	b, err := os.ReadFile(filepath.Join(r.Dir, file))
	if err != nil {
		return nil, err
	}
	x, err := parseWave(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return x, nil
}

// parseWave finds the format and the samples among the chunks of a RIFF file.
func parseWave(b []byte) ([]float32, error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, errors.New("no WAV file")
	}
	plain := false
	for b = b[12:]; len(b) >= 8; {
		name, n := string(b[:4]), int(binary.LittleEndian.Uint32(b[4:]))
		b = b[8:]
		if n > len(b) {
			return nil, fmt.Errorf("chunk %q has %d bytes of %d", name, len(b), n)
		}
		switch {
		case name == "fmt " && n >= 16:
			plain = binary.LittleEndian.Uint16(b) == 1 && binary.LittleEndian.Uint16(b[2:]) == 1 && binary.LittleEndian.Uint16(b[14:]) == 16
		case name == "data" && plain:
			x := make([]float32, n/2)
			for i := range x {
				x[i] = float32(int16(binary.LittleEndian.Uint16(b[2*i:]))) / 32768
			}
			return x, nil
		}
		b = b[min(n+n%2, len(b)):]
	}
	return nil, errors.New("no 16-bit samples of one channel in it")
}

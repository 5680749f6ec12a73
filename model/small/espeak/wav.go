package espeak

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// parseWAV reads a RIFF WAVE file of 16-bit mono samples. Lengths in it may be too large, as a program writes them that
// does not know yet how much there will be.
func parseWAV(b []byte) (pcm []float32, rate int, err error) {
	if len(b) == 0 {
		return nil, Rate, nil
	}
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, 0, errors.New("the program did not write a WAV file")
	}
	for b = b[12:]; len(b) >= 8; {
		name := string(b[:4])
		size := min(int64(binary.LittleEndian.Uint32(b[4:])), int64(len(b)-8))
		body := b[8 : 8+size]
		switch {
		case name == "fmt " && len(body) >= 16:
			format, channels := binary.LittleEndian.Uint16(body), binary.LittleEndian.Uint16(body[2:])
			bits := binary.LittleEndian.Uint16(body[14:])
			rate = int(binary.LittleEndian.Uint32(body[4:]))
			if format != 1 || channels != 1 || bits != 16 || rate < 8000 || rate > 48000 {
				return nil, 0, fmt.Errorf("WAV file of format %d, %d channels, %d bits, %d Hz; 1, 1, 16 and 8000 to 48000 wanted",
					format, channels, bits, rate)
			}
		case name == "data" && rate > 0:
			pcm = make([]float32, len(body)/2)
			for i := range pcm {
				pcm[i] = float32(int16(binary.LittleEndian.Uint16(body[2*i:]))) / 32768
			}
			return pcm, rate, nil
		}
		b = b[8+size+min(size&1, int64(len(b))-8-size):]
	}
	return nil, 0, errors.New("WAV file without sound")
}

package media

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// wavFormat is the fmt chunk of a WAV file.
type wavFormat struct {
	tag      uint16
	channels int
	rate     int
	bits     int
}

// Format tags.
const (
	wavPCM        = 1
	wavFloat      = 3
	wavExtensible = 0xfffe
)

// ReadWAV reads a RIFF WAVE file of 8, 16, 24 or 32 bit integers or 32 or 64 bit floats, averaging its channels. It
// returns samples in [-1, 1] and their rate, or an error when the file is malformed or longer than most. A file cut
// short gives what is there.
func ReadWAV(r io.Reader, most time.Duration) (pcm []float32, rate int, err error) {
	in := bufio.NewReader(r)
	var head [12]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, 0, fmt.Errorf("read WAV: %w", err)
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return nil, 0, errors.New("read WAV: not a RIFF WAVE file")
	}
	var f wavFormat
	for {
		var chunk [8]byte
		if _, err := io.ReadFull(in, chunk[:]); err != nil {
			return nil, 0, fmt.Errorf("read WAV: no sound in it: %w", err)
		}
		size := int64(binary.LittleEndian.Uint32(chunk[4:]))
		switch string(chunk[:4]) {
		case "fmt ":
			if f, err = readFormat(in, size); err != nil {
				return nil, 0, fmt.Errorf("read WAV: %w", err)
			}
		case "data":
			if f.rate == 0 {
				return nil, 0, errors.New("read WAV: sound stands before its format")
			}
			if size == 0 { // written by a program that could not go back
				size = math.MaxUint32
			}
			pcm, err = readSamples(io.LimitReader(in, size), f, most)
			if err != nil {
				return nil, 0, fmt.Errorf("read WAV: %w", err)
			}
			return pcm, f.rate, nil
		default:
			if _, err := io.CopyN(io.Discard, in, size+size&1); err != nil {
				return nil, 0, fmt.Errorf("read WAV: no sound in it: %w", err)
			}
		}
	}
}

func readFormat(r io.Reader, size int64) (f wavFormat, err error) {
	if size < 16 || size > 1024 {
		return f, fmt.Errorf("format chunk of %d bytes", size)
	}
	b := make([]byte, size+size&1)
	if _, err := io.ReadFull(r, b); err != nil {
		return f, fmt.Errorf("format: %w", err)
	}
	f = wavFormat{
		tag:      binary.LittleEndian.Uint16(b),
		channels: int(binary.LittleEndian.Uint16(b[2:])),
		rate:     int(binary.LittleEndian.Uint32(b[4:])),
		bits:     int(binary.LittleEndian.Uint16(b[14:])),
	}
	if f.tag == wavExtensible && size >= 26 {
		f.tag = binary.LittleEndian.Uint16(b[24:])
	}
	if f.channels < 1 || f.channels > 8 || f.rate < 4000 || f.rate > 192_000 || f.sample() == nil {
		return f, fmt.Errorf("cannot use %d channels of %d bits at %d Hz in format %d", f.channels, f.bits, f.rate, f.tag)
	}
	return f, nil
}

// sample returns what reads one sample, nil for formats that are not known.
func (f wavFormat) sample() func(b []byte) float32 {
	le := binary.LittleEndian
	switch [2]int{int(f.tag), f.bits} {
	case [2]int{wavPCM, 8}:
		return func(b []byte) float32 { return (float32(b[0]) - 128) / 128 }
	case [2]int{wavPCM, 16}:
		return func(b []byte) float32 { return float32(int16(le.Uint16(b))) / (1 << 15) }
	case [2]int{wavPCM, 24}:
		return func(b []byte) float32 {
			return float32(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / (1 << 31)
		}
	case [2]int{wavPCM, 32}:
		return func(b []byte) float32 { return float32(int32(le.Uint32(b))) / (1 << 31) }
	case [2]int{wavFloat, 32}:
		return func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) }
	case [2]int{wavFloat, 64}:
		return func(b []byte) float32 { return float32(math.Float64frombits(le.Uint64(b))) }
	}
	return nil
}

// readSamples reads to the end of r, growing with what comes rather than with what a header promises.
func readSamples(r io.Reader, f wavFormat, most time.Duration) ([]float32, error) {
	sample, width := f.sample(), f.bits/8
	limit := int(most.Seconds() * float64(f.rate))
	frame := make([]byte, width*f.channels)
	var pcm []float32
	for {
		_, err := io.ReadFull(r, frame)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return pcm, nil
		}
		if err != nil {
			return nil, err
		}
		if len(pcm) >= limit {
			return nil, fmt.Errorf("sound is longer than %v", most)
		}
		var sum float32
		for c := range f.channels {
			sum += sample(frame[c*width:])
		}
		pcm = append(pcm, bounded(sum/float32(f.channels)))
	}
}

// bounded brings what a float file may hold into [-1, 1].
func bounded(x float32) float32 {
	if x != x { // not a number
		return 0
	}
	return max(-1, min(1, x))
}

// WriteWAV writes a WAV file of mono 16 bit integers.
func WriteWAV(w io.Writer, pcm []float32, rate int) error {
	size := 2 * len(pcm)
	if rate < 1 || size > math.MaxUint32-36 {
		return fmt.Errorf("write WAV: cannot hold %d samples at %d Hz", len(pcm), rate)
	}
	le := binary.LittleEndian
	b := make([]byte, 0, 44+size)
	b = append(b, "RIFF"...)
	b = le.AppendUint32(b, uint32(36+size))
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, wavPCM)
	b = le.AppendUint16(b, 1)
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(2*rate))
	b = le.AppendUint16(b, 2)
	b = le.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = le.AppendUint32(b, uint32(size))
	quantize(b[44:44+size], pcm)
	if _, err := w.Write(b[:44+size]); err != nil {
		return fmt.Errorf("write WAV: %w", err)
	}
	return nil
}

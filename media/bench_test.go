package media

import (
	"testing"
	"time"
)

// BenchmarkOpusWriter measures a frame of speech from samples to packet.
func BenchmarkOpusWriter(b *testing.B) {
	w, err := NewOpusWriter(func([]byte, time.Duration) error { return nil })
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	pcm := tone(300, OutputRate, OutputFrame)
	f := Frame{PCM: pcm}
	b.ReportAllocs()
	for b.Loop() {
		if err := w.WriteFrame(b.Context(), &f); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(100*b.Elapsed().Seconds()/(0.02*float64(b.N)), "%core/call")
}

func BenchmarkOpusWriterSilence(b *testing.B) {
	w, err := NewOpusWriter(func([]byte, time.Duration) error { return nil })
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	b.ReportAllocs()
	for b.Loop() {
		if err := w.WriteFrame(b.Context(), &Frame{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpusReader measures a packet of speech from the network to samples.
func BenchmarkOpusReader(b *testing.B) {
	r, err := NewOpusReader(testType)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	opus := encodeSpeech(b, 50)
	r.limit.most = 1 << 30
	var p packetizer
	packet := make([]byte, 0, maxPacket)
	f := Frame{PCM: make([]float32, 0, inputFrame)}
	r.line.begun = false
	b.ReportAllocs()
	for b.Loop() {
		packet = p.write(packet[:0], opus[p.sequence%50])
		if err := r.Push(packet); err != nil {
			b.Fatal(err)
		}
		if err := r.ReadFrame(b.Context(), &f); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(100*b.Elapsed().Seconds()/(0.02*float64(b.N)), "%core/call")
}

// BenchmarkVideoReader measures what a picture of 320x240 costs until the decoder has it; decoding goes on beside it.
func BenchmarkVideoReader(b *testing.B) {
	for _, s := range sources() {
		b.Run(s.mime, func(b *testing.B) {
			film := s.packets(s.film(b, 30))
			v := openVideo(b, s.mime, nil)
			v.packets.most, v.frames.most = 1<<30, 1<<30
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if i == len(film) {
					i = 0
					v.assembler.begun = false
					v.assembler.reset(0)
					v.assembler.lost = false
				}
				for _, packet := range film[i] {
					_ = v.Push(packet)
				}
				i++
			}
		})
	}
}

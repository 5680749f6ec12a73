package mediatest

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"omnilive/media"
)

var (
	_ media.AudioReader   = (*PCMReader)(nil)
	_ media.AudioWriter   = (*Recorder)(nil)
	_ media.PictureReader = (*Still)(nil)
)

func TestPCMReaderKeepsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewPCMReader([]float32{1})
		began := time.Now()
		var f media.Frame
		for i := range 50 {
			if i == 10 {
				r.Say([]float32{2})
			}
			if err := r.ReadFrame(t.Context(), &f); err != nil {
				t.Fatal(err)
			}
			want := map[int]float32{0: 1, 10: 2}[i]
			if f.PTS != int64(i*320) || len(f.PCM) != 320 || f.PCM[0] != want || f.PCM[1] != 0 {
				t.Fatalf("frame %d: PTS %d, begins with %v", i, f.PTS, f.PCM[:2])
			}
		}
		if d := time.Since(began); d != time.Second {
			t.Errorf("50 frames took %v", d)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := r.ReadFrame(ctx, &f); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cut short: %v", err)
		}
		r.End()
		if err := r.ReadFrame(t.Context(), &f); err != io.EOF {
			t.Errorf("after End: %v", err)
		}
	})
}

func TestRecorder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Recorder
		pcm := make([]float32, media.OutputFrame)
		_ = r.WriteFrame(t.Context(), &media.Frame{})
		time.Sleep(media.FrameTime)
		_ = r.WriteFrame(t.Context(), &media.Frame{PCM: pcm})
		pcm[0] = 1 // must be a copy
		if f := r.Frames(); len(f) != 2 || f[1].At.Sub(f[0].At) != media.FrameTime || f[1].PCM[0] != 0 {
			t.Errorf("%v", f)
		}
		if len(r.Sound()) != 1 || len(r.PCM()) != 2*media.OutputFrame {
			t.Errorf("%d frames of sound, %d samples", len(r.Sound()), len(r.PCM()))
		}
		r.Fail(io.ErrClosedPipe)
		if err := r.WriteFrame(t.Context(), &media.Frame{}); err != io.ErrClosedPipe {
			t.Error(err)
		}
	})
}

func TestStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Still
		go func() {
			time.Sleep(time.Second)
			s.Show(media.Picture{Width: 1, Height: 1, RGB: []byte{1, 2, 3}})
		}()
		began := time.Now()
		p, err := s.Look(t.Context())
		if err != nil || p.RGB[2] != 3 || time.Since(began) != time.Second || s.Looks() != 1 {
			t.Errorf("%v %v after %v", p, err, time.Since(began))
		}
		if p, _ := NewStill(4, 2, 9, 8, 7).Look(t.Context()); len(p.RGB) != 24 || p.RGB[23] != 7 {
			t.Errorf("%v", p)
		}
	})
}

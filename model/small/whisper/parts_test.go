package whisper

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"omnilive/model/gguf"
)

func TestFinalsGoBeforeCaptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turns turns
		ctx := context.Background()
		if err := turns.enter(ctx, false); err != nil {
			t.Fatal(err)
		}
		var order []string
		wait := func(name string, final bool) {
			go func() {
				if err := turns.enter(ctx, final); err != nil {
					t.Error(err)
					return
				}
				order = append(order, name)
				turns.leave()
			}()
			synctest.Wait()
		}
		wait("caption 1", false)
		wait("final 1", true)
		wait("caption 2", false)
		wait("final 2", true)
		turns.leave()
		synctest.Wait()
		if got := strings.Join(order, ", "); got != "final 1, final 2, caption 1, caption 2" {
			t.Error(got)
		}
	})
}

func TestWaitingIsBoundedAndEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turns turns
		hungUp := errors.New("hung up")
		ctx, cancel := context.WithCancelCause(context.Background())
		if err := turns.enter(ctx, true); err != nil {
			t.Fatal(err)
		}
		var failed atomic.Int32
		for i := range maxWaiting {
			go func() {
				if err := turns.enter(ctx, i%2 == 0); errors.Is(err, hungUp) {
					failed.Add(1)
				}
			}()
		}
		synctest.Wait()
		if err := turns.enter(context.Background(), true); !errors.Is(err, ErrBusy) {
			t.Errorf("one too many: %v", err)
		}
		cancel(hungUp)
		synctest.Wait()
		if n := failed.Load(); n != maxWaiting {
			t.Errorf("%d of %d gave up", n, maxWaiting)
		}
		turns.leave()
		if err := turns.enter(context.Background(), false); err != nil {
			t.Errorf("after all left: %v", err)
		}
	})
}

// put appends a variable as CTranslate2 writes it.
func put(b []byte, name string, kind byte, data []byte, dims ...uint32) []byte {
	le := binary.LittleEndian
	b = append(append(le.AppendUint16(b, uint16(len(name)+1)), name...), 0, byte(len(dims)))
	for _, d := range dims {
		b = le.AppendUint32(b, d)
	}
	return append(le.AppendUint32(append(b, kind), uint32(len(data))), data...)
}

func ct2File() []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 6)
	b = append(le.AppendUint16(b, 12), "WhisperSpec\x00"...)
	b = le.AppendUint32(le.AppendUint32(b, 3), 2)
	b = put(b, "a", ct2Float16, []byte{0, 0x3c, 0, 0xc0}, 2)
	b = put(b, "n", ct2Int8, []byte{7})
	b = le.AppendUint32(b, 1)
	return append(append(append(le.AppendUint16(b, 2), "b\x00"...), le.AppendUint16(nil, 2)...), "a\x00"...)
}

func TestCT2(t *testing.T) {
	good := ct2File()
	vars, err := parseCT2(bytes.NewReader(good), int64(len(good)))
	if err != nil {
		t.Fatal(err)
	}
	if v := vars["b"]; len(v.shape) != 1 || v.shape[0] != 2 || !bytes.Equal(widen(v.data), []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}) {
		t.Errorf("b is %+v", v)
	}
	for n := range good {
		if _, err := parseCT2(bytes.NewReader(good[:n]), int64(n)); err == nil {
			t.Errorf("%d of %d bytes were accepted", n, len(good))
		}
	}
	start := good[:26]
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"version":  {append([]byte{5}, good[1:]...), "version 5"},
		"too many": {append(bytes.Clone(good[:22]), 0xff, 0xff, 0xff, 0xff), "variables"},
		"shape":    {put(bytes.Clone(start), "x", ct2Float16, make([]byte, 4), 1<<31, 1<<31), "does not fit"},
		"zero":     {put(bytes.Clone(start), "x", ct2Float16, nil, 0), "does not fit"},
		"size":     {put(bytes.Clone(start), "x", ct2Float16, make([]byte, 6), 2), "do not agree"},
		"type":     {put(bytes.Clone(start), "x", 77, make([]byte, 4), 2), "type 77"},
		"dims":     {put(bytes.Clone(start), "x", ct2Float16, make([]byte, 2), 1, 1, 1, 1, 1), "5 dimensions"},
		"twice":    {put(put(bytes.Clone(start), "x", ct2Int8, []byte{1}), "x", ct2Int8, []byte{1}), "twice"},
		"tail":     {append(bytes.Clone(good), 1), "too many"},
	} {
		if _, err := parseCT2(bytes.NewReader(c.file), int64(len(c.file))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", name, err, c.want)
		}
	}
}

func FuzzCT2(f *testing.F) {
	f.Add(ct2File())
	f.Fuzz(func(t *testing.T, b []byte) {
		vars, err := parseCT2(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		total := 0
		for _, v := range vars {
			total += len(v.data)
		}
		if total > len(b)*(len(vars)+1) {
			t.Fatalf("%d bytes out of %d", total, len(b))
		}
	})
}

func TestConvertIsRepeatableAndRefuses(t *testing.T) {
	models := os.Getenv("OMNILIVE_MODELS")
	src := filepath.Join(models, "whisper-base")
	if _, err := os.Stat(filepath.Join(src, "model.bin")); models == "" || err != nil {
		t.Skip("no whisper-base/model.bin in OMNILIVE_MODELS")
	}
	dst := filepath.Join(t.TempDir(), "w.gguf")
	last, total := int64(0), int64(0)
	if err := Convert(src, dst, func(d, n int64) { last, total = d, n }); err != nil {
		t.Fatal(err)
	}
	if last == 0 || last != total {
		t.Errorf("progress ended at %d of %d", last, total)
	}
	f, err := gguf.Open(dst)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if sum, err := f.String("general.source.sha256"); err != nil || sum != "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9" {
		t.Errorf("source %q, %v", sum, err)
	}
	c, err := readConfig(f)
	if err != nil || c.width != 512 || c.heads != 8 || c.encoders != 6 || c.decoders != 6 || c.vocabulary != 51865 || len(c.aligned) != 8 {
		t.Errorf("config %+v, %v", c, err)
	}
	if err := Convert(t.TempDir(), dst+"2", nil); err == nil || !strings.Contains(err.Error(), "model.bin") {
		t.Errorf("empty folder: %v", err)
	}
}

func TestWindowsEndInTheQuiet(t *testing.T) {
	pcm := make([]float32, 60*sampleRate)
	for i := range pcm {
		pcm[i] = float32(math.Sin(float64(i)))
	}
	quiet := 27 * sampleRate
	clear(pcm[quiet : quiet+2*quietSpan])
	if end := windowEnd(pcm); end < quiet || end > quiet+2*quietSpan {
		t.Errorf("ends at %d, the quiet is at %d", end, quiet)
	}
	if end := windowEnd(pcm[:100]); end != 100 {
		t.Errorf("a short one ends at %d", end)
	}
	for n := range 5 { // always forward, never more than fits
		if end := windowEnd(pcm[:maxWindow+1+n]); end <= 0 || end > maxWindow || (frames(end)+1)/2*2 > maxFrames {
			t.Errorf("%d samples end at %d", maxWindow+1+n, end)
		}
	}
}

func TestCompressionFindsCircles(t *testing.T) {
	if c := compression(strings.Repeat("Open the window. ", 10)); c < maxCompression {
		t.Errorf("a circle compresses %v times", c)
	}
	if c := compression("It rained all night in the mountains."); c > maxCompression {
		t.Errorf("a sentence compresses %v times", c)
	}
}

func TestWarpFindsTheCheapestWay(t *testing.T) {
	cost := []float64{
		-1, -1, 1, 1, 1,
		1, 1, -1, 1, 1,
		1, 1, 1, -1, -1,
	}
	if b := warp(cost, 5); len(b) != 3 || b[0] != 0 || b[1] != 2 || b[2] != 3 {
		t.Errorf("rows begin at %v", b)
	}
}

func FuzzEncode(f *testing.F) {
	v := &vocabulary{ids: map[string]int32{}, rank: map[[2]string]int{{"a", "b"}: 0, {" ", "ab"}: 1}}
	for i := range 256 {
		v.words = append(v.words, string([]byte{byte(i)}))
	}
	v.words = append(v.words, "ab", " ab")
	for i, w := range v.words {
		v.ids[w] = int32(i)
	}
	v.end = int32(len(v.words))
	f.Add(" abba's  42!")
	f.Fuzz(func(t *testing.T, s string) {
		if got := v.text(v.encode(s)); got != s[:min(len(s), maxEncode)] {
			t.Fatalf("%q became %q", s, got)
		}
	})
}

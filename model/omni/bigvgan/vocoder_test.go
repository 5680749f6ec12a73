package bigvgan

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

func TestAgainstPlainLoops(t *testing.T) {
	b := backend(t, 2)
	r := rand.New(rand.NewPCG(1, 2))
	for form, change := range []func(*Config){
		func(*Config) {},
		func(c *Config) { c.Activation, c.FinalBias = "snake", true },
		func(c *Config) { c.LogScale, c.FinalTanh = false, true },
		func(c *Config) { c.Rates, c.RateTaps, c.Channels = []int{4}, []int{4}, 2 },
		func(c *Config) { c.Rates, c.RateTaps = []int{5, 3}, []int{16, 3} },
		func(c *Config) {
			c.Rates, c.RateTaps, c.BlockTaps, c.BlockGaps = []int{2, 2}, []int{4, 7}, []int{1, 9, 3}, [][]int{{2}, {1, 4}, {1, 1, 1}}
		},
	} {
		c := small()
		change(&c)
		src := invent(c, form%3)
		v := vocoder(t, src, c, b, ggml.F32)
		for _, n := range []int{1, 2, 7, 30} {
			units := random(r, c, n)
			got, want := decode(t, v, units), plainly{c, src}.decode(units, speakerOf(t, v, 1))
			if d := furthest(got, want); d > 2e-5 {
				t.Errorf("config %d, %d units: off by %v", form, n, d)
			}
		}
	}
}

// Smaller types of weights are off by their rounding and no more, whatever the number of channels.
func TestSmallerTypes(t *testing.T) {
	b := backend(t, 2)
	c := small()
	c.Channels, c.UnitDim = 160, 29
	src := invent(c, 1)
	units := random(rand.New(rand.NewPCG(2, 2)), c, 20)
	exact := decode(t, vocoder(t, src, c, b, ggml.F32), units)
	for as, limit := range map[ggml.Type]float64{ggml.F16: 0.01, ggml.BF16: 0.1, ggml.Q8_0: 0.3} {
		d := furthest(decode(t, vocoder(t, src, c, b, as), units), exact)
		t.Logf("%v: off by %.2g", as, d)
		if d > limit || d == 0 {
			t.Errorf("%v: off by %v", as, d)
		}
	}
}

func TestPiecesEqualTheWhole(t *testing.T) {
	b := backend(t, 1)
	c := small()
	v := vocoder(t, invent(c, 1), c, b, ggml.F32)
	units := random(rand.New(rand.NewPCG(3, 4)), c, 150)
	if err := v.AtOnce(len(units)); err != nil {
		t.Fatal(err)
	}
	whole := decode(t, v, units)
	for _, n := range []int{1, 3, 20, 64, 149} {
		if err := v.AtOnce(n); err != nil {
			t.Fatal(err)
		}
		if d := furthest(decode(t, v, units), whole); d > 2e-6 {
			t.Errorf("pieces of %d: off by %v", n, d)
		}
	}
}

func TestStreamEqualsTheWhole(t *testing.T) {
	b := backend(t, 1)
	c := small()
	v := vocoder(t, invent(c, 1), c, b, ggml.F32)
	r := rand.New(rand.NewPCG(5, 6))
	for run := range 12 {
		units := random(r, c, r.IntN(120))
		whole := decode(t, v, units)
		s, err := v.Stream(speakerOf(t, v, 1), StreamOptions{Chunk: 1 + r.IntN(40)})
		if err != nil {
			t.Fatal(err)
		}
		var got []float32
		for rest := units; len(rest) > 0; {
			n := min(len(rest), 1+r.IntN(50))
			part, err := s.Push(t.Context(), rest[:n])
			if err != nil {
				t.Fatal(err)
			}
			if len(part)%v.Samples() != 0 {
				t.Fatalf("%d samples are no whole units", len(part))
			}
			got, rest = append(got, part...), rest[n:]
		}
		part, err := s.Flush(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d := furthest(append(got, part...), whole); d > 2e-6 {
			t.Errorf("run %d: off by %v", run, d)
		}
		if _, err := s.Push(t.Context(), units); err == nil {
			t.Error("a stream that has ended went on")
		}
	}
}

// The sound comes as soon as it can: a chunk once the units behind it that it hangs on are there.
func TestStreamWaitsForItsContextOnly(t *testing.T) {
	b := backend(t, 1)
	c := small()
	v := vocoder(t, invent(c, 1), c, b, ggml.F32)
	_, behind := v.Context()
	s, err := v.Stream(speakerOf(t, v, 0), StreamOptions{Chunk: 5})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		part, err := s.Push(t.Context(), []int32{int32(i)})
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		if have := i + 1 - behind; have > 0 && have%5 == 0 {
			want = 5 * v.Samples()
		}
		if len(part) != want {
			t.Errorf("unit %d: %d samples, want %d (%d units ahead)", i, len(part), want, behind)
		}
	}
}

func TestShortStream(t *testing.T) {
	b := backend(t, 1)
	c := small()
	v := vocoder(t, invent(c, 1), c, b, ggml.F32)
	before, behind := v.Context()
	units := random(rand.New(rand.NewPCG(7, 8)), c, 90)
	whole := decode(t, v, units)
	last := math.Inf(1)
	for _, ahead := range []int{0, 1, 3, behind, behind + 5} {
		s, err := v.Stream(speakerOf(t, v, 1), StreamOptions{Chunk: 4, Short: true, Ahead: ahead})
		if err != nil {
			t.Fatal(err)
		}
		var got []float32
		for i, u := range units {
			part, err := s.Push(t.Context(), []int32{u})
			if err != nil {
				t.Fatal(err)
			}
			if n := i + 1 - min(ahead, behind); len(part) > 0 && n%4 != 0 || len(part) == 0 && n > 0 && n%4 == 0 {
				t.Fatalf("%d ahead, unit %d: %d samples", ahead, i, len(part))
			}
			got = append(got, part...)
		}
		part, err := s.Flush(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d := furthest(append(got, part...), whole)
		t.Logf("%d of %d units ahead: off by %.2g", ahead, behind, d)
		if d > last*1.5 || ahead >= behind && d > 2e-6 || ahead == 0 && d < 1e-3 {
			t.Errorf("%d of %d units ahead: off by %v", ahead, behind, d)
		}
		last = d
	}
	if before < 3 {
		t.Errorf("context of %d units", before)
	}
}

// A first chunk that looks less far ahead, then exact ones: only the first is off.
func TestShortFirstChunk(t *testing.T) {
	b := backend(t, 1)
	c := small()
	v := vocoder(t, invent(c, 1), c, b, ggml.F32)
	units := random(rand.New(rand.NewPCG(9, 9)), c, 60)
	whole := decode(t, v, units)
	s, err := v.Stream(speakerOf(t, v, 1), StreamOptions{Chunk: 6, Short: true, Ahead: 1})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Push(t.Context(), units[:7])
	if err != nil || len(got) != 6*v.Samples() {
		t.Fatalf("%d samples (%v)", len(got), err)
	}
	if err := s.Options(StreamOptions{Chunk: 10}); err != nil {
		t.Fatal(err)
	}
	rest, err := s.Push(t.Context(), units[7:])
	if err != nil {
		t.Fatal(err)
	}
	end, err := s.Flush(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(got, rest, end)
	n := len(got)
	if d := furthest(all[n:], whole[n:]); d > 2e-6 {
		t.Errorf("behind the first chunk: off by %v", d)
	}
	if d := furthest(all[:n], whole[:n]); d > 0.5 || d == 0 {
		t.Errorf("the first chunk: off by %v", d)
	}
}

// The context is exact: a unit changes nothing but the units whose context it is in, and in the plain loops, where what is
// not a number spreads over everything that hangs on it, all of those.
func TestContextByPoison(t *testing.T) {
	b := backend(t, 1)
	for _, change := range []func(*Config){
		func(*Config) {},
		func(c *Config) { c.Rates, c.RateTaps = []int{5, 4}, []int{10, 8} },
		func(c *Config) { c.Rates, c.RateTaps = []int{1, 3}, []int{6, 3} },
	} {
		c := small()
		change(&c)
		src := invent(c, 0)
		v := vocoder(t, src, c, b, ggml.F32)
		before, behind := v.Context()
		if err := v.AtOnce(200); err != nil {
			t.Fatal(err)
		}
		const n, at, poison = 70, 35, 31
		units := make([]int32, n)
		for i := range units {
			units[i] = int32(i % 30)
		}
		clean := decode(t, v, units)
		units[at] = poison
		dirty := decode(t, v, units)
		src.change["unit_emb.weight"] = func(w []float32) { w[poison*c.UnitDim] = float32(math.NaN()) }
		lost := plainly{c, src}.decode(units, speakerOf(t, v, 1))
		per := v.Samples()
		for u := range n {
			hit := u >= at-behind && u <= at+before
			spoiled := slices.ContainsFunc(lost[u*per:(u+1)*per], func(x float32) bool { return x != x })
			same := slices.Equal(clean[u*per:(u+1)*per], dirty[u*per:(u+1)*per])
			if !hit && !same || hit != spoiled {
				t.Errorf("rates %v: unit %d changes unit %d: %v and %v, context is %d before and %d behind", c.Rates, at, u, !same, spoiled, before, behind)
			}
		}
	}
}

// The published sizes: 28 units before and 29 behind (omni-8b.md §6.3).
func TestPublishedContext(t *testing.T) {
	c := defaults()
	v := vocoderWithoutWeights(c)
	if before, behind := v.Context(); before != 28 || behind != 29 {
		t.Errorf("context %d, %d", before, behind)
	}
	if v.Samples() != 960 {
		t.Errorf("%d samples a unit", v.Samples())
	}
}

// vocoderWithoutWeights has the shape of c and filters of twelve taps.
func vocoderWithoutWeights(c Config) *Vocoder {
	return Declare(checkpoint.NewPlan(invent(c, 1)), c, nil)
}

func TestPadding(t *testing.T) {
	b := backend(t, 1)
	c := small()
	v := vocoder(t, invent(c, 1), c, b, ggml.F32)
	units := random(rand.New(rand.NewPCG(11, 1)), c, 10)
	for multiple, want := range map[int]int{1: 11, 3: 12, 5: 15, 10: 20, 64: 64} {
		p := Padding{Multiple: multiple, Unit: 7}
		all, err := p.Pad(units)
		if err != nil || len(all) != want || all[want-1] != 7 || !slices.Equal(all[:10], units) {
			t.Errorf("to %d: %v (%v)", multiple, all, err)
		}
		got, err := v.DecodePadded(t.Context(), units, speakerOf(t, v, 1), p)
		if err != nil {
			t.Fatal(err)
		}
		if d := furthest(got, decode(t, v, all)[:10*v.Samples()]); d != 0 {
			t.Errorf("to %d: off by %v", multiple, d)
		}
	}
	if _, err := (Padding{}).Pad(units); err == nil {
		t.Error("a multiple of 0 was taken")
	}
}

func TestRefuses(t *testing.T) {
	b := backend(t, 1)
	c := small()
	v := vocoder(t, invent(c, 1), c, b, ggml.F32)
	nan := float32(math.NaN())
	for name, f := range map[string]func() error{
		"unit beyond":   func() error { _, err := v.Decode(t.Context(), []int32{40}, speakerOf(t, v, 0)); return err },
		"unit below":    func() error { _, err := v.Decode(t.Context(), []int32{-1}, speakerOf(t, v, 0)); return err },
		"no speaker":    func() error { _, err := v.Decode(t.Context(), []int32{1}, nil); return err },
		"NaN speaker":   func() error { _, err := v.Decode(t.Context(), []int32{1}, []float32{1, nan, 1}); return err },
		"speaker index": func() error { _, err := v.Speaker(4); return err },
		"chunk":         func() error { _, err := v.Stream(speakerOf(t, v, 0), StreamOptions{Chunk: -1}); return err },
		"ahead":         func() error { _, err := v.Stream(speakerOf(t, v, 0), StreamOptions{Ahead: -1}); return err },
		"at once":       func() error { return v.AtOnce(0) },
	} {
		if err := f(); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if got, err := v.Decode(t.Context(), nil, speakerOf(t, v, 0)); err != nil || len(got) != 0 {
		t.Errorf("no units: %d samples (%v)", len(got), err)
	}
	if got := v.Known([]int32{3, 40, -1, 39}); !slices.Equal(got, []int32{3, 39}) {
		t.Errorf("known units %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Decode(ctx, []int32{1, 2}, speakerOf(t, v, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestPlanNamesEveryMistake(t *testing.T) {
	c := small()
	src := invent(c, 1)
	delete(src.shapes, "ups.1.0.deconv.bias")
	src.shapes["conv_pre.conv.bias"] = []int64{7}
	src.shapes["resblocks.2.activations.1.upsample.filter"] = []int64{1, 1, 1 << 40}
	p := checkpoint.NewPlan(src)
	Declare(p, c, nil)
	for _, want := range []string{"ups.1.0.deconv.bias", "conv_pre.conv.bias", "resblocks.2.activations.1.upsample.filter"} {
		if err := p.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func TestPCM16(t *testing.T) {
	if got := PCM16([]float32{0, 1, -1, 0.5, -0.5, 2}); !slices.Equal(got, []int16{0, 32767, -32767, 16383, -16383, 32767}) {
		t.Error(got)
	}
}

func TestConfig(t *testing.T) {
	c, err := Parse([]byte("{} # as published"))
	if err != nil || c.Channels != 1536 || c.Samples() != 960 || !c.LogScale {
		t.Errorf("%+v (%v)", c, err)
	}
	for _, text := range []string{
		`{"num_units": 0}`, `{"num_units": 1e99}`, `{"unit_emb_dim": -1}`, `{"upsample_rates": []}`, `{"upsample_rates": [5]}`,
		`{"upsample_rates": [0,4,4,3,2,2]}`, `{"upsample_rates": [64,64,64,64,2,2]}`, `{"upsample_kernel_sizes": [1,8,8,6,4,4]}`,
		`{"upsample_initial_channel": 96}`, `{"upsample_initial_channel": 1000000}`, `{"resblock": "2"}`, `{"resblock_kernel_sizes": [2,7,11]}`,
		`{"resblock_kernel_sizes": [3]}`, `{"resblock_dilation_sizes": [[1],[],[1]]}`, `{"resblock_dilation_sizes": [[1],[0],[1]]}`,
		`{"activation": "relu"}`, `{"causal": true}`, `{"sampling_rate": 0}`, `[]`, `{"resblock": 1}`, `{`, ``,
	} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"num_units": 50, "upsample_rates": [5,4], "upsample_kernel_sizes": [10,8]} # c`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse(text)
		if err != nil {
			return
		}
		if n := c.Samples(); n < 1 || n > maxProduct || c.Channels>>len(c.Rates) < 1 {
			t.Errorf("%+v", c)
		}
		p := checkpoint.NewPlan(&invented{})
		Declare(p, c, nil) // every tensor is missing, and nothing else happens
		if p.Err() == nil {
			t.Error("a plan without weights is complete")
		}
	})
}

// BenchmarkDecode is 2 s of speech by a network of the published size, whole and in chunks. Processor time is what counts
// on a machine that does other work too.
func BenchmarkDecode(b *testing.B) {
	c := defaults()
	src := invent(c, 0)
	units := random(rand.New(rand.NewPCG(1, 1)), c, 50)
	for _, as := range []ggml.Type{ggml.F32, ggml.BF16} {
		v := vocoder(b, src, c, backend(b, 1), as)
		for _, chunk := range []int{0, 25, 10} {
			b.Run(fmt.Sprintf("%v chunk %d", as, chunk), func(b *testing.B) { spoken(b, v, units, chunk) })
		}
	}
}

func spoken(b *testing.B, v *Vocoder, units []int32, chunk int) {
	before := processor()
	for b.Loop() {
		if chunk == 0 {
			decode(b, v, units)
			continue
		}
		s, err := v.Stream(speakerOf(b, v, 1), StreamOptions{Chunk: chunk})
		for i := 0; err == nil && i < len(units); i++ {
			_, err = s.Push(b.Context(), units[i:i+1])
		}
		if err == nil {
			_, err = s.Flush(b.Context())
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	seconds := float64(b.N) * float64(len(units)*v.Samples()) / float64(v.Rate())
	b.ReportMetric((processor()-before).Seconds()/seconds, "cpu-s/s")
	b.ReportMetric(b.Elapsed().Seconds()/seconds, "of-real-time")
}

// processor is the time that this process has computed.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

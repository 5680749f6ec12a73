package ecapa

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/gguf"
)

// invented is a checkpoint of random weights that are made when they are read: the same ones for a name every time.
type invented struct{ shapes map[string][]int64 }

func (s invented) norm(name string, n int64) {
	for _, part := range []string{"weight", "bias", "running_mean", "running_var"} {
		s.shapes[name+"."+part] = []int64{n}
	}
	s.shapes[name+".num_batches_tracked"] = []int64{}
}

func (s invented) layer(name string, shape ...int64) {
	s.shapes[name+".weight"], s.shapes[name+".bias"] = shape, shape[:1]
}

// invent lists the tensors of an encoder whose ladder has parts of so many channels.
func invent(c Config, width, inner int64) invented {
	s := invented{shapes: map[string][]int64{}}
	h := int64(c.Hidden)
	s.shapes["layer1.conv.weight"] = []int64{h, int64(c.Mels), 5}
	s.norm("layer1.bn", h)
	for i := 2; i <= 4; i++ {
		name := fmt.Sprintf("layer%d", i)
		for _, mix := range []string{".Conv1dReluBn1", ".Conv1dReluBn2"} {
			s.shapes[name+mix+".conv.weight"] = []int64{h, h, 1}
			s.norm(name+mix+".bn", h)
		}
		for j := range h/width - 1 {
			s.shapes[fmt.Sprintf("%s.Res2Conv1dReluBn.convs.%d.weight", name, j)] = []int64{width, width, 3}
			s.norm(fmt.Sprintf("%s.Res2Conv1dReluBn.bns.%d", name, j), width)
		}
		s.layer(name+".SE_Connect.linear1", inner, h)
		s.layer(name+".SE_Connect.linear2", h, inner)
	}
	s.layer("conv", 2*h, 3*h, 1)
	s.layer("pooling.linear1", inner, 2*h, 1)
	s.layer("pooling.linear2", 2*h, inner, 1)
	s.norm("bn", 4*h)
	s.layer("linear", int64(c.Speaker), 4*h)
	s.norm("bn_out", int64(c.Speaker))
	return s
}

func (s invented) Tensors() (all []checkpoint.Tensor) {
	for n := range s.shapes {
		t, _ := s.Lookup(n)
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b checkpoint.Tensor) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (s invented) Lookup(name string) (checkpoint.Tensor, bool) {
	shape, ok := s.shapes[name]
	return checkpoint.Tensor{Name: name, Type: gguf.F32, Shape: shape}, ok
}

func (s invented) values(name string) []float32 {
	h := fnv.New64a()
	h.Write([]byte(name))
	r := rand.New(rand.NewPCG(h.Sum64(), 1))
	t, _ := s.Lookup(name)
	out, inner := make([]float32, t.Elements()), 1.0
	for _, d := range t.Shape[min(1, len(t.Shape)):] {
		inner *= float64(d)
	}
	for i := range out {
		out[i] = float32(r.NormFloat64() / math.Sqrt(inner))
		if strings.HasSuffix(name, "running_var") {
			out[i] = 0.5 + out[i]*out[i]
		}
	}
	return out
}

func (s invented) Read(t checkpoint.Tensor, at int64, dst []byte) error {
	v := s.values(t.Name)[at/4:]
	for i := range len(dst) / 4 {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v[i]))
	}
	return nil
}

func (invented) Close() error { return nil }

// The layers once more, in float64 over x[channel][time].
func (s invented) unit(x [][]float64, weight, norm string, gap int) [][]float64 {
	shape := s.shapes[weight]
	out, in, taps := int(shape[0]), int(shape[1]), int(shape[2])
	y := s.conv(x, s.values(weight), nil, out, in, taps, gap)
	w, b, m, v := s.values(norm+".weight"), s.values(norm+".bias"), s.values(norm+".running_mean"), s.values(norm+".running_var")
	for c := range y {
		for t, z := range y[c] {
			y[c][t] = (max(z, 0)-float64(m[c]))/math.Sqrt(float64(v[c])+1e-5)*float64(w[c]) + float64(b[c])
		}
	}
	return y
}

func (s invented) conv(x [][]float64, w, bias []float32, out, in, taps, gap int) [][]float64 {
	n := len(x[0])
	y := make([][]float64, out)
	for o := range y {
		y[o] = make([]float64, n)
		for t := range n {
			if bias != nil {
				y[o][t] = float64(bias[o])
			}
			for i := range in {
				for k := range taps {
					if at := t + (k-taps/2)*gap; at >= 0 && at < n {
						y[o][t] += float64(w[(o*in+i)*taps+k]) * x[i][at]
					}
				}
			}
		}
	}
	return y
}

func (s invented) flat(x [][]float64, name string) [][]float64 {
	shape := s.shapes[name+".weight"]
	return s.conv(x, s.values(name+".weight"), s.values(name+".bias"), int(shape[0]), int(shape[1]), 1, 1)
}

func each(x [][]float64, f func(c, t int, v float64) float64) {
	for c := range x {
		for t, v := range x[c] {
			x[c][t] = f(c, t, v)
		}
	}
}

func (s invented) block(x [][]float64, name string, width, gap int) [][]float64 {
	y := s.unit(x, name+".Conv1dReluBn1.conv.weight", name+".Conv1dReluBn1.bn", 1)
	var last [][]float64
	for j := range len(y)/width - 1 {
		part := y[j*width : (j+1)*width]
		if j > 0 {
			each(part, func(c, t int, v float64) float64 { return v + last[c][t] })
		}
		last = s.unit(part, fmt.Sprintf("%s.Res2Conv1dReluBn.convs.%d.weight", name, j), fmt.Sprintf("%s.Res2Conv1dReluBn.bns.%d", name, j), gap)
		copy(y[j*width:], last)
	}
	y = s.unit(y, name+".Conv1dReluBn2.conv.weight", name+".Conv1dReluBn2.bn", 1)
	mean := make([][]float64, len(y))
	for c := range y {
		sum := 0.0
		for _, v := range y[c] {
			sum += v / float64(len(y[c]))
		}
		mean[c] = []float64{sum}
	}
	gate := s.flat(mean, name+".SE_Connect.linear1")
	each(gate, func(_, _ int, v float64) float64 { return max(v, 0) })
	shape := s.shapes[name+".SE_Connect.linear2.weight"]
	gate = s.conv(gate, s.values(name+".SE_Connect.linear2.weight"), s.values(name+".SE_Connect.linear2.bias"), int(shape[0]), int(shape[1]), 1, 1)
	each(y, func(c, t int, v float64) float64 { return v/(1+math.Exp(-gate[c][0])) + x[c][t] })
	return y
}

// vector makes the whole of a spectrogram.
func (s invented) vector(mel [][]float64, width int) []float64 {
	x := s.unit(mel, "layer1.conv.weight", "layer1.bn", 1)
	var all [][]float64
	for i := 2; i <= 4; i++ {
		x = s.block(x, fmt.Sprintf("layer%d", i), width, i)
		all = append(all, x...)
	}
	x = s.flat(all, "conv")
	each(x, func(_, _ int, v float64) float64 { return max(v, 0) })
	marks := s.flat(x, "pooling.linear1")
	each(marks, func(_, _ int, v float64) float64 { return math.Tanh(v) })
	marks = s.flat(marks, "pooling.linear2")
	pooled := make([]float64, 2*len(x))
	for c := range x {
		var whole, mean, square float64
		for t, v := range x[c] {
			a := math.Exp(marks[c][t])
			whole, mean, square = whole+a, mean+a*v, square+a*v*v
		}
		mean, square = mean/whole, square/whole
		pooled[c], pooled[len(x)+c] = mean, math.Sqrt(max(square-mean*mean, 1e-9))
	}
	norm := func(v []float64, name string) {
		w, b, m, d := s.values(name+".weight"), s.values(name+".bias"), s.values(name+".running_mean"), s.values(name+".running_var")
		for i := range v {
			v[i] = (v[i]-float64(m[i]))/math.Sqrt(float64(d[i])+1e-5)*float64(w[i]) + float64(b[i])
		}
	}
	norm(pooled, "bn")
	w, out := s.values("linear.weight"), []float64{}
	for i, b := range s.values("linear.bias") {
		sum := float64(b)
		for j, v := range pooled {
			sum += v * float64(w[i*len(pooled)+j])
		}
		out = append(out, sum)
	}
	norm(out, "bn_out")
	return out
}

func small() Config {
	c, _ := Parse([]byte(`{"num_mels": 20, "spk_hidden_dim": 24, "spk_emb_dim": 7} # few`))
	return c
}

func encoder(t testing.TB, src checkpoint.Source, c Config) *Encoder {
	t.Helper()
	dir := os.Getenv("OMNILIVE_LIB")
	if dir == "" {
		t.Skip("OMNILIVE_LIB is not set; make test sets it")
	}
	if err := ggml.Load(filepath.Join(dir, "llama")); err != nil {
		t.Fatal(err)
	}
	b, err := ggml.NewBackend(1)
	if err != nil {
		t.Fatal(err)
	}
	p := checkpoint.NewPlan(src)
	e := Declare(p, c, b)
	w, err := p.Load(t.Context(), checkpoint.Options{Backend: b})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		e.Close()
		w.Close()
		b.Close()
	})
	return e
}

// voice is something like speech.
func voice(n int) []float32 {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(0.1 * math.Sin(float64(i)/19) * (1 + math.Sin(float64(i)/2900)) * (1 + 0.1*r.NormFloat64()))
	}
	return x
}

func TestAgainstPlainLoops(t *testing.T) {
	c := small()
	for _, width := range []int64{3, 4, 12} {
		src := invent(c, width, 10)
		e := encoder(t, src, c)
		for _, n := range []int{400, 3000, 9000} {
			v, err := e.EmbedFully(t.Context(), voice(n))
			if err != nil {
				t.Fatal(err)
			}
			frames := len(v.Mel) / c.Mels
			mel := make([][]float64, c.Mels)
			for i, x := range v.Mel {
				mel[i%c.Mels] = append(mel[i%c.Mels], float64(x))
			}
			for i, want := range src.vector(mel, int(width)) {
				if d := math.Abs(float64(v.Final[i]) - want); d > 5e-5*(1+math.Abs(want)) {
					t.Errorf("parts of %d, %d frames: value %d is %v, want %v", width, frames, i, v.Final[i], want)
				}
			}
		}
	}
}

func TestLoudnessDoesNotMatter(t *testing.T) {
	c := small()
	e := encoder(t, invent(c, 3, 10), c)
	x := voice(20000)
	loud, err := e.Embed(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	for i := range x {
		x[i] /= 8
	}
	soft, err := e.Embed(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	for i := range loud {
		if math.Abs(float64(loud[i]-soft[i])) > 1e-4*(1+math.Abs(float64(loud[i]))) {
			t.Errorf("value %d: %v and %v", i, loud[i], soft[i])
		}
	}
}

func TestNormalize(t *testing.T) {
	x := make([]float32, 24000)
	for i := range x { // 30 Hz below a tone: the filter takes the first away
		x[i] = float32(0.5*math.Sin(2*math.Pi*30*float64(i)/24000) + 0.01*math.Sin(2*math.Pi*1000*float64(i)/24000))
	}
	y, err := Normalize(x, 24000)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, v := range y {
		sum += float64(v) * float64(v)
	}
	if db := 10 * math.Log10(sum/float64(len(y))); math.Abs(db+26) > 0.01 {
		t.Errorf("level %v dB", db)
	}
	click := make([]float32, 24000)
	click[12000] = 1e-4
	y, err = Normalize(click, 24000)
	if err != nil || math.Abs(float64(y[12000])-1) > 1e-6 {
		t.Errorf("a click becomes %v (%v)", y[12000], err)
	}
}

func TestRefuses(t *testing.T) {
	c := small()
	e := encoder(t, invent(c, 3, 10), c)
	if _, err := e.Embed(t.Context(), make([]float32, 24000)); !errors.Is(err, ErrSilent) {
		t.Errorf("silence: %v", err)
	}
	if _, err := e.Embed(t.Context(), voice(e.MinSamples())); err != nil {
		t.Errorf("as few samples as it takes: %v", err)
	}
	for name, x := range map[string][]float32{
		"none": nil, "short": voice(e.MinSamples() - 1), "long": make([]float32, 24000*maxSeconds+1),
		"NaN": append(voice(5000), float32(math.NaN())), "infinite": append(voice(5000), float32(math.Inf(1))),
	} {
		if _, err := e.Embed(t.Context(), x); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Embed(ctx, voice(5000)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestPlanNamesEveryMistake(t *testing.T) {
	c := small()
	src := invent(c, 3, 10)
	delete(src.shapes, "layer3.Res2Conv1dReluBn.convs.2.weight")
	src.shapes["bn.running_var"] = []int64{5}
	src.shapes["layer1.conv.weight"] = []int64{24, 20, 1 << 40}
	src.shapes["pooling.linear1.weight"] = []int64{1 << 40, 48, 1}
	src.shapes["layer4.Res2Conv1dReluBn.convs.0.weight"] = []int64{5, 5, 3}
	p := checkpoint.NewPlan(src)
	Declare(p, c, nil)
	for _, want := range []string{"layer3.Res2Conv1dReluBn.convs.2", "bn.running_var", "layer1.conv", "pooling.linear1", "layer4"} {
		if err := p.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func TestConfigRefuses(t *testing.T) {
	for _, text := range []string{
		`{"num_mels": 0}`, `{"n_fft": 1}`, `{"win_size": 512}`, `{"hop_size": 2000}`, `{"sampling_rate": 100}`, `{"fmin": 9000}`, `{"fmax": 20000}`,
		`{"spk_hidden_dim": 1e9}`, `{"spk_emb_dim": -1}`, `{"global_context_att": true}`, `{"fmax": "x"}`, `[`,
	} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
	if c, err := Parse([]byte(`{"fmax": null}`)); err != nil || c.front().High != 12000 {
		t.Errorf("%+v (%v)", c, err)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"num_mels": 20, "fmax": null} # c`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse(text)
		if err != nil {
			return
		}
		p := checkpoint.NewPlan(invented{})
		Declare(p, c, nil) // every tensor is missing, and nothing else happens
		if p.Err() == nil {
			t.Error("a plan without weights is complete")
		}
	})
}

// BenchmarkEmbed is 10 s of sound by an encoder of the published size.
func BenchmarkEmbed(b *testing.B) {
	c, err := Parse([]byte("{}"))
	if err != nil {
		b.Fatal(err)
	}
	e := encoder(b, invent(c, 64, 128), c)
	x := voice(240000)
	for b.Loop() {
		if _, err := e.Embed(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/10s")
}

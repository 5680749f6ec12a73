package imagedecoder

import (
	"context"
	"math"
	"slices"
	"testing"
)

// bands returns what f gives of noise where a picture is computed so many values at a time.
func bands(t *testing.T, d *Decoder, values int, noise []float32, width, height int, f layer) []float32 {
	t.Helper()
	if err := d.ready(); err != nil {
		t.Fatal(err)
	}
	g := newEasel(d.graph, 2)
	g.values = values
	x, err := g.plane(width, height, len(noise)/width/height)
	if err != nil {
		t.Fatal(err)
	}
	copy(x.v, noise)
	y, err := f(context.Background(), g, x)
	if err != nil {
		t.Fatal(err)
	}
	out := slices.Clone(y.v)
	if len(g.planes) != 1 {
		t.Errorf("%d planes are left, want the one that came out", len(g.planes))
	}
	g.close()
	return out
}

func TestBandsAreExact(t *testing.T) {
	d := open(t)
	v := &d.vae
	const width, height = 7, 5
	channels := int(v.c.Widths[len(v.c.Widths)-1])
	x := Noise(3, width*height*channels)
	for name, f := range map[string]layer{
		"resnet": v.mid[0].run, "shortcut": v.stages[1].resnets[0].run, "double": v.stages[0].double.step(extra{double: true}),
	} {
		whole := bands(t, d, bandValues, x, width, height, f)
		for _, values := range []int{1, 1000, 2500} {
			for i, got := range bands(t, d, values, x, width, height, f) {
				if math.Abs(float64(got-whole[i])) > 1e-6*(1+math.Abs(float64(whole[i]))) {
					t.Fatalf("%s by %d values: value %d is %v, whole %v", name, values, i, got, whole[i])
				}
			}
		}
	}
}

func TestNormAgainstPlainLoops(t *testing.T) {
	const width, height, channels, groups = 3, 5, 6, 2
	x := plane{width: width, height: height, channels: channels, v: Noise(1, width*height*channels)}
	for i := range x.v {
		x.v[i] = x.v[i]*1e-3 + 2 // a variance near epsilon, far from zero
	}
	n := norm{groups: groups, weight: Noise(2, channels), shift: Noise(3, channels)}
	for _, threads := range []int{1, 2, 7} {
		scale, shift := n.fit(x, threads)
		for group := range groups {
			var values []float64
			for i, v := range x.v {
				if i%channels/(channels/groups) == group {
					values = append(values, float64(v))
				}
			}
			mean, variance := 0.0, 0.0
			for _, v := range values {
				mean += v / float64(len(values))
			}
			for _, v := range values {
				variance += (v - mean) * (v - mean) / float64(len(values))
			}
			for i, v := range x.v {
				c := i % channels
				if c/(channels/groups) != group {
					continue
				}
				want := (float64(v)-mean)/math.Sqrt(variance+normEps)*float64(n.weight[c]) + float64(n.shift[c])
				if got := float64(v*scale[c] + shift[c]); math.Abs(got-want) > 1e-3*(1+math.Abs(want)) {
					t.Fatalf("%d threads, value %d: %v, want %v", threads, i, got, want)
				}
			}
		}
	}
}

func TestShrink(t *testing.T) {
	l := Latent{Rows: 2, Cols: 3, Channels: 1, Values: []float32{1, 2, 9, 3, 6, 9}}
	if s := shrink(l, 2); s.Rows != 1 || s.Cols != 1 || s.Values[0] != 3 {
		t.Errorf("by 2: %+v", s)
	}
	if s := shrink(l, 1); !slices.Equal(s.Values, l.Values) {
		t.Errorf("by 1: %+v", s)
	}
	if s := shrink(l, 100); s.Rows != 1 || s.Cols != 1 {
		t.Errorf("by 100: %+v", s)
	}
}

func TestPackAndPlanesAreInverse(t *testing.T) {
	d := Decoder{config: Config{Main: Network{Patchify: true, Channels: 12}, VAE: VAE{Widths: []int64{1}}}}
	x := Noise(1, 3*4*6)
	l := Latent{Rows: 2, Cols: 3, Channels: 12, Values: pack(x, 2, 3, 3, 2)}
	if !slices.Equal(d.Planes(l), x) {
		t.Error("values moved")
	}
	if l.Values[1] != x[1] || l.Values[2] != x[6] || l.Values[4] != x[24] {
		t.Error("the order of a position is not channel, row, column")
	}
}

func TestRotary(t *testing.T) {
	cos, sin := rotary(Positions(2, 2), []int64{2, 2, 4}, 100)
	if len(cos) != 32 || cos[0] != 1 || cos[24+2] != float32(math.Cos(1)) || sin[24+7] != float32(math.Sin(0.1)) || sin[8+2] != 0 || sin[8+4] != float32(math.Sin(1)) {
		t.Errorf("cosines %v, sines %v", cos, sin)
	}
}

// From a point between the picture and the noise, the straight way on leads to the picture.
func TestAhead(t *testing.T) {
	picture, noise := Noise(1, 8), Noise(2, 8)
	const sigma = 0.25
	w := walk{at: Latent{Rows: 2, Cols: 2, Channels: 2, Values: make([]float32, 8)}}
	direction := make([]float32, 8)
	for i := range picture {
		w.at.Values[i] = (1-sigma)*picture[i] + sigma*noise[i]
		direction[i] = noise[i] - picture[i]
	}
	for i, v := range w.ahead(direction, sigma).Values {
		if math.Abs(float64(v-picture[i])) > 1e-6 {
			t.Fatalf("value %d is %v, want %v", i, v, picture[i])
		}
	}
}

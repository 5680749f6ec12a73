package cosyvoice

import (
	"math"
	"testing"
)

// TestNormal compares with values that PyTorch 2.9.1 printed for torch.manual_seed(0).
func TestNormal(t *testing.T) {
	short := make([]float32, 19)
	newGenerator(0).normal(short)
	near(t, "randn(19)", short, []float32{
		-1.1258398294448853, -1.152360200881958, -0.2505785822868347, 0.7935083508491516, 0.5988394618034363,
		-1.5550950765609741, -0.3413603901863098, 1.85300612449646, 0.46809640526771545, -0.1577124446630478,
		1.4436601400375366, 0.18347793817520142, 1.3893661499023438, 1.586334228515625, 0.946298360824585,
		-0.843676745891571, 0.9318265914916992, 1.2590092420578003, 2.0049805641174316,
	})
}

func TestSeededNoise(t *testing.T) {
	n, err := SeededNoise(80)
	if err != nil {
		t.Fatal(err)
	}
	if n.Frames() != 15000 {
		t.Fatalf("%d frames", n.Frames())
	}
	band := func(band, from, to int) (v []float32) {
		for i := from; i < to; i++ {
			v = append(v, n.frames(i, i+1)[band])
		}
		return v
	}
	near(t, "start", band(0, 0, 3), []float32{-1.1258398294448853, -1.152360200881958, -0.2505785822868347})
	near(t, "middle", band(40, 7000, 7004), []float32{-0.5415550470352173, -0.7381538152694702, 0.8912100195884705, -1.1816478967666626})
	near(t, "end", band(79, 14980, 15000), []float32{
		-2.8488991260528564, -0.5701313614845276, 0.44292014837265015, 1.7053922414779663, -1.06244957447052,
		1.5762373208999634, -0.5492541193962097, 0.6729171276092529, -0.08941785246133804, -0.32427558302879333,
		1.2302844524383545, 0.06838162243366241, 1.541445255279541, -0.9008808732032776, 0.78570556640625,
		0.2957456111907959, -1.3135358095169067, -0.032156914472579956, -0.98260098695755, -0.08329440653324127,
	})
}

func near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range want {
		if d := math.Abs(float64(got[i] - want[i])); !(d <= 2e-6) {
			t.Errorf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

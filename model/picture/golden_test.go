package picture

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"omnilive/model"
	"omnilive/model/safetensors"
)

// golden is a copy of the reference's data: Pillow's and PyTorch's resizes of made-up pictures, and tables of sizes.
const golden = "../omni/verify/testdata/preprocessing"

type goldenCases struct {
	Cases map[string]struct {
		File                       string
		Height, Width, TotalFrames int
		MinPixels, MaxPixels       int
		Resized, FrameIndex        []int
	}
	Stills []struct {
		Height, Width int
		Image         []int
		VideoReader   []int `json:"video_reader"`
	} `json:"smart_resize_images"`
	Frames []struct {
		Height, Width int
		Resized       []int
		Port          []int `json:"processor_port_602112"`
	} `json:"smart_resize_videos"`
}

func readGolden(t *testing.T) (c goldenCases, f *safetensors.File) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(golden, "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.ReplaceAll(b, []byte("_pixels"), []byte("pixels"))
	b = bytes.ReplaceAll(b, []byte("frame_index"), []byte("frameindex"))
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	if f, err = safetensors.Open(filepath.Join(golden, "cases.safetensors")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return c, f
}

func readBytes(t *testing.T, f *safetensors.File, name string) ([]byte, []int64) {
	t.Helper()
	x, ok := f.Lookup(name)
	if !ok {
		t.Fatalf("no tensor %q", name)
	}
	b := make([]byte, x.Size)
	if err := f.ReadTensor(x, 0, b); err != nil {
		t.Fatal(err)
	}
	return b, x.Shape
}

func TestPillowGolden(t *testing.T) {
	c, f := readGolden(t)
	for name, k := range c.Cases {
		if k.File == "" {
			continue
		}
		file, err := os.ReadFile(filepath.Join(golden, k.File))
		if err != nil {
			t.Fatal(err)
		}
		p, err := Decode(file)
		if err != nil {
			t.Fatal(err)
		}
		if p.Width != k.Width || p.Height != k.Height {
			t.Fatalf("%s: decoded %dx%d, want %dx%d", name, p.Width, p.Height, k.Width, k.Height)
		}
		h, w, err := Limits{28, k.MinPixels, k.MaxPixels}.Still(p.Height, p.Width)
		if err != nil || h != k.Resized[0] || w != k.Resized[1] {
			t.Fatalf("%s: size %d %d %v, want %v", name, h, w, err, k.Resized)
		}
		got, err := Pillow(p, w, h)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := readBytes(t, f, name+".resized")
		if !bytes.Equal(got.RGB, want) {
			t.Errorf("%s: resized differs, worst by %d levels", name, worst(got.RGB, want))
		}
	}
}

func TestTorchGolden(t *testing.T) {
	c, f := readGolden(t)
	k := c.Cases["video0"]
	frames, shape := readBytes(t, f, "video0.frames")
	want, to := readBytes(t, f, "video0.resized")
	size := int(shape[1] * shape[2] * 3)
	for i, at := range k.FrameIndex {
		got, err := Torch(model.Picture{Width: int(shape[2]), Height: int(shape[1]), RGB: frames[at*size:][:size]}, int(to[3]), int(to[2]))
		if err != nil {
			t.Fatal(err)
		}
		n := int(to[2] * to[3])
		for c := range 3 {
			for j := range n {
				if w := want[(3*i+c)*n+j]; got.RGB[3*j+c] != w {
					t.Errorf("frame %d, channel %d, pixel %d: %d, want %d", i, c, j, got.RGB[3*j+c], w)
				}
			}
		}
	}
}

func TestSizesGolden(t *testing.T) {
	c, _ := readGolden(t)
	check := func(what string, h, w int, err error, want []int) {
		t.Helper()
		if want == nil && err == nil || want != nil && (err != nil || h != want[0] || w != want[1]) {
			t.Errorf("%s: %d %d %v, want %v", what, h, w, err, want)
		}
	}
	for _, r := range c.Stills {
		l := Limits{28, 3136, 2073600}
		h, w, err := l.Still(r.Height, r.Width)
		check(fmt.Sprintf("still %dx%d", r.Height, r.Width), h, w, err, r.Image)
		h, w, err = l.Frame(r.Height, r.Width)
		check(fmt.Sprintf("frame %dx%d", r.Height, r.Width), h, w, err, r.VideoReader)
	}
	for _, r := range c.Frames {
		h, w, err := Limits{28, 100352, 142884}.Frame(r.Height, r.Width)
		check(fmt.Sprintf("video %dx%d", r.Height, r.Width), h, w, err, r.Resized)
		h, w, err = Limits{28, 100352, 602112}.Frame(r.Height, r.Width)
		check(fmt.Sprintf("video %dx%d, large", r.Height, r.Width), h, w, err, r.Port)
	}
	if len(c.Stills) == 0 || len(c.Frames) == 0 {
		t.Error("no tables")
	}
}

func worst(a, b []byte) (d int) {
	if len(a) != len(b) {
		return 256
	}
	for i := range a {
		d = max(d, int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return d
}

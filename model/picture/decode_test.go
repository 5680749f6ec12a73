package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"omnilive/model"
)

// testdata/make.py made these files with Pillow and says what it sees in them.
func TestDecodeAsPillow(t *testing.T) {
	names, err := filepath.Glob("testdata/*.rgb")
	if err != nil || len(names) == 0 {
		t.Fatal("no test data", err)
	}
	for _, name := range names {
		name = strings.TrimSuffix(name, ".rgb")
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(name + ".rgb")
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		allowed := 0
		if strings.HasSuffix(name, ".jpg") {
			allowed = 3 // the inverse transforms of the two decoders round differently
		}
		if d := worst(got.RGB, want); d > allowed {
			t.Errorf("%s: %dx%d differs by up to %d levels", name, got.Width, got.Height, d)
		}
	}
}

// A frame smaller than the screen of a GIF is drawn in its place.
func TestDecodeSmallFrame(t *testing.T) {
	frame := image.NewPaletted(image.Rect(1, 1, 3, 2), color.Palette{color.NRGBA{9, 8, 7, 255}, color.NRGBA{200, 100, 50, 255}})
	frame.Pix[0], frame.Pix[1] = 1, 0
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{frame}, Delay: []int{0}, Config: image.Config{Width: 4, Height: 3}}); err != nil {
		t.Fatal(err)
	}
	p, err := Decode(b.Bytes())
	if err != nil || p.Width != 4 || p.Height != 3 {
		t.Fatal(p.Width, p.Height, err)
	}
	if at := p.RGB[3*(4+1):][:3]; !bytes.Equal(at, []byte{200, 100, 50}) {
		t.Errorf("the frame's first pixel is %v", at)
	}
	if at := p.RGB[:3]; !bytes.Equal(at, []byte{9, 8, 7}) {
		t.Errorf("outside the frame: %v", at)
	}
}

func TestDecodeOnePixel(t *testing.T) {
	file, err := EncodePNG(model.Picture{Width: 1, Height: 1, RGB: []byte{1, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Decode(file)
	if err != nil || p.Width != 1 || p.Height != 1 || !bytes.Equal(p.RGB, []byte{1, 2, 3}) {
		t.Errorf("%v %v", p, err)
	}
}

// lying returns a PNG whose header claims these sides.
func lying(t testing.TB, width, height uint32) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	file := b.Bytes()
	binary.BigEndian.PutUint32(file[16:], width)
	binary.BigEndian.PutUint32(file[20:], height)
	binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
	return file
}

func TestDecodeBadInput(t *testing.T) {
	whole, err := os.ReadFile("testdata/rgb.png")
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"empty":     nil,
		"text":      []byte("no picture at all"),
		"cut":       whole[:len(whole)/2],
		"head only": whole[:33],
		"30000":     lying(t, 30000, 30000),
		"longest":   lying(t, 1<<31-1, 1<<31-1),
		"thin":      lying(t, 1<<30, 1),
	} {
		if _, err := Decode(file); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Decode(lying(t, 30000, 30000)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("30000x30000: %v", err)
	}
}

func TestResizeBadInput(t *testing.T) {
	good := model.Picture{Width: 2, Height: 2, RGB: make([]byte, 12)}
	for name, f := range map[string]func(model.Picture, int, int) (model.Picture, error){"pillow": Pillow, "torch": Torch} {
		for _, size := range [][2]int{{0, 1}, {1, 0}, {-1, 5}, {1 << 40, 1 << 40}, {1 << 20, 1 << 20}} {
			if _, err := f(good, size[0], size[1]); err == nil {
				t.Errorf("%s to %v: no error", name, size)
			}
		}
		for _, p := range []model.Picture{{}, {Width: 2, Height: 2, RGB: make([]byte, 11)}, {Width: -2, Height: -2, RGB: make([]byte, 12)}} {
			if _, err := f(p, 2, 2); err == nil {
				t.Errorf("%s of %dx%d with %d bytes: no error", name, p.Width, p.Height, len(p.RGB))
			}
		}
	}
}

// A picture of one colour keeps it in every size: the weights of every target pixel sum to 1.
func TestResizeKeepsColour(t *testing.T) {
	for _, size := range [][4]int{{1, 1, 7, 5}, {13, 9, 4, 40}, {5, 300, 6, 2}, {300, 5, 2, 6}, {8, 8, 8, 8}} {
		p := model.Picture{Width: size[0], Height: size[1], RGB: bytes.Repeat([]byte{3, 128, 255}, size[0]*size[1])}
		want := bytes.Repeat([]byte{3, 128, 255}, size[2]*size[3])
		for name, f := range map[string]func(model.Picture, int, int) (model.Picture, error){"pillow": Pillow, "torch": Torch} {
			got, err := f(p, size[2], size[3])
			if err != nil || !bytes.Equal(got.RGB, want) {
				t.Errorf("%s %v: %v, worst %d", name, size, err, worst(got.RGB, want))
			}
		}
	}
}

func TestLimitsBadInput(t *testing.T) {
	for _, l := range []Limits{{}, {28, 0, 5}, {28, 10, 5}, {0, 1, 2}, {1 << 20, 1, 2}, {28, 1, MaxPixels + 1}} {
		if _, _, err := l.Still(100, 100); err == nil {
			t.Errorf("%v: no error", l)
		}
	}
	for _, size := range [][2]int{{0, 5}, {-1, -1}, {1, 201}, {30000, 30000}} {
		if _, _, err := (Limits{28, 3136, 2073600}).Frame(size[0], size[1]); err == nil {
			t.Errorf("%v: no error", size)
		}
	}
}

func FuzzDecode(f *testing.F) {
	names, _ := filepath.Glob("testdata/*.[pgjw]*")
	for _, name := range names {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b)
		}
	}
	f.Add(lying(f, 30000, 30000))
	f.Fuzz(func(t *testing.T, file []byte) {
		k, ok := formatOf(file)
		if !ok {
			return
		}
		if c, err := k.head(bytes.NewReader(file)); err == nil && c.Width > 0 && c.Height > 1<<20/c.Width {
			return // true, but slow
		}
		p, err := Decode(file)
		if err != nil {
			return
		}
		if err := Check(p); err != nil {
			t.Fatal(err)
		}
		if p.Width < 300 && p.Height < 300 {
			if _, err := Pillow(p, 20, 30); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func BenchmarkResize(b *testing.B) {
	p := model.Picture{Width: 1920, Height: 1080, RGB: make([]byte, 3*1920*1080)}
	for name, f := range map[string]func(model.Picture, int, int) (model.Picture, error){"pillow": Pillow, "torch": Torch} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := f(p, 1904, 1064); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/1080p")
		})
	}
}

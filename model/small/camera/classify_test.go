package camera

import (
	"image"
	_ "image/jpeg"
	_ "image/png"
	"os"
	"path/filepath"
	"testing"

	"omnilive/model"
	"omnilive/model/onnx"
)

func models(t testing.TB) string {
	t.Helper()
	dir, lib := os.Getenv("OMNILIVE_MODELS"), os.Getenv("OMNILIVE_LIB")
	if dir == "" || lib == "" {
		t.Skip("OMNILIVE_MODELS and OMNILIVE_LIB are not set: no networks to run")
	}
	if err := onnx.Open(filepath.Join(lib, "libonnxruntime.so.1.32.0")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func load(t testing.TB, path string) model.Picture {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return fromImage(img)
}

func fromImage(img image.Image) model.Picture {
	b := img.Bounds()
	p := model.Picture{Width: b.Dx(), Height: b.Dy(), RGB: make([]byte, 0, 3*b.Dx()*b.Dy())}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			p.RGB = append(p.RGB, byte(r>>8), byte(g>>8), byte(b>>8))
		}
	}
	return p
}

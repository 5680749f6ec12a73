package camera

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"omnilive/model"
	"omnilive/model/onnx"
	"omnilive/model/torch"
)

// describer opens the networks once for all tests; they live until the process ends.
func describer(t testing.TB) *Describer {
	t.Helper()
	dir := models(t)
	once.Do(func() { shared, errShared = Open(dir, Options{}) })
	if errShared != nil {
		t.Fatal(errShared)
	}
	return shared
}

var (
	once      sync.Once
	shared    *Describer
	errShared error
)

func TestCloseEndsIt(t *testing.T) {
	d, err := Open(models(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	d.Close()
	if _, err := d.Describe(t.Context(), load(t, "testdata/chelsea.jpg")); err == nil {
		t.Error("a closed describer still describes")
	}
}

// plainPicture is w by h pixels of one colour.
func plainPicture(w, h int, r, g, b byte) model.Picture {
	p := model.Picture{Width: w, Height: h, RGB: make([]byte, 3*w*h)}
	for i := 0; i < len(p.RGB); i += 3 {
		p.RGB[i], p.RGB[i+1], p.RGB[i+2] = r, g, b
	}
	return p
}

func TestDescribe(t *testing.T) {
	d := describer(t)
	for file, want := range map[string]string{
		"chelsea.jpg": "a cat",
		"coffee.jpg":  "a cup of coffee",
		"sign.jpg":    `the text "CAFE NOIR"`,
		"notes.jpg":   `the text "Meeting notes Call Anna at 14:30 Room 207, second floor bring tea"`,
		"slanted.jpg": `the text "Exit to Platform 4"`,
	} {
		s, err := d.Describe(t.Context(), load(t, "testdata/"+file))
		if err != nil || s.String() != want {
			t.Errorf("%s: %q (%v), want %q", file, s, err, want)
		}
	}
}

func TestDescribeManyAtOnce(t *testing.T) {
	d := describer(t)
	cat, sign := load(t, "testdata/chelsea.jpg"), load(t, "testdata/sign.jpg")
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			p, want := cat, "a cat"
			if i%2 == 1 {
				p, want = sign, `the text "CAFE NOIR"`
			}
			if s, err := d.Describe(t.Context(), p); err != nil || s.String() != want {
				t.Errorf("%q (%v), want %q", s, err, want)
			}
		})
	}
	wg.Wait()
}

func TestDescribeOddPictures(t *testing.T) {
	d := describer(t)
	for _, c := range []struct {
		name string
		p    model.Picture
		want string
		bad  bool
	}{
		{name: "none", bad: true},
		{name: "short", p: model.Picture{Width: 2, Height: 2, RGB: make([]byte, 11)}, bad: true},
		{name: "negative", p: model.Picture{Width: -2, Height: -2, RGB: make([]byte, 12)}, bad: true},
		{name: "overflow", p: model.Picture{Width: math.MaxInt, Height: math.MaxInt}, bad: true},
		{name: "one pixel", p: plainPicture(1, 1, 250, 20, 20), want: "something red"},
		{name: "line", p: plainPicture(30000, 1, 20, 200, 20), want: "something green"},
		{name: "strip", p: plainPicture(20000, 17, 20, 20, 250), want: "something blue"},
		{name: "tower", p: plainPicture(17, 20000, 20, 20, 250), want: "something blue"},
		{name: "dark", p: plainPicture(640, 480, 8, 6, 9), want: "nothing, the picture is dark"},
		{name: "grey", p: plainPicture(64, 48, 128, 128, 128), want: ""},
	} {
		s, err := d.Describe(t.Context(), c.p)
		if (err != nil) != c.bad || s.String() != c.want {
			t.Errorf("%s: %q (%v), want %q", c.name, s, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Describe(ctx, plainPicture(64, 48, 128, 128, 128)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestOpenNamesWhatIsMissing(t *testing.T) {
	models(t)
	_, err := Open(t.TempDir(), Options{})
	for _, want := range []string{"efficientnet-lite0.pth", "det.onnx", "rec.onnx", "omnilive models fetch"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
	if _, err := efficientNet(map[string]torch.Array{}); err == nil || !strings.Contains(err.Error(), "_conv_stem.weight [32 3 3 3]") {
		t.Errorf("no weights: %v", err)
	}
}

// golden is what testdata/make_golden.py got from numpy and Pillow.
type golden struct {
	Resized map[string][]float64       `json:"resized"`
	Logits  []float64                  `json:"logits"`
	Photos  map[string]map[int]float64 `json:"photos"`
}

func loadGolden(t *testing.T) (g golden) {
	t.Helper()
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestResizeEqualsReference(t *testing.T) {
	p := model.Picture{Width: 50, Height: 40, RGB: make([]byte, 3*50*40)}
	for i := range p.RGB {
		c, x, y := i%3, i/3%50, i/150
		p.RGB[i] = byte((x*x*(c+1) + 13*y*y) / 8)
	}
	for size, want := range loadGolden(t).Resized {
		var w, h int
		if _, err := fmt.Sscanf(size, "%dx%d", &w, &h); err != nil {
			t.Fatal(err)
		}
		out := make([]float32, 3*w*h)
		resize(p, rect{3.5, 2.25, 47.75, 38}, w, h, w, newNorm([3]float32{}, [3]float32{1, 1, 1}, false), out)
		worst := 0.0
		for i, v := range want {
			worst = max(worst, math.Abs(float64(out[17*i])*255-v))
		}
		t.Logf("%s: largest difference %.2f of 255", size, worst)
		if worst > 1.6 { // Pillow rounds to bytes after either direction
			t.Errorf("%s: differs by %v of 255", size, worst)
		}
	}
}

// TestClassifierEqualsReference compares with the network written once more in numpy.
func TestClassifierEqualsReference(t *testing.T) {
	dir, want := models(t), loadGolden(t)
	weights, err := torch.Arrays(filepath.Join(dir, "efficientnet-lite0.pth"))
	if err != nil {
		t.Fatal(err)
	}
	network, err := efficientNet(weights)
	if err != nil {
		t.Fatal(err)
	}
	s, err := onnx.NewSessionFromBytes("lite0", network, onnx.Options{Outputs: []string{"logits"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	x := make([]float32, 3*classSize*classSize)
	for i := range x {
		c, y, col := i/(classSize*classSize), i/classSize%classSize, i%classSize
		x[i] = float32(math.Sin(0.05*float64(col*(c+1)) + 0.03*float64(y)))
	}
	out, err := s.Run(onnx.Of(x, 1, 3, classSize, classSize))
	if err != nil {
		t.Fatal(err)
	}
	logits, _ := onnx.Values[float32](out[0])
	worst := 0.0
	for i, logit := range want.Logits {
		worst = max(worst, math.Abs(float64(logits[25*i])-logit))
	}
	t.Logf("pattern: largest difference of a logit %.2g", worst)
	if worst > 1e-3 {
		t.Errorf("logits differ by %v", worst)
	}
	c, err := newClassifier(filepath.Join(dir, "efficientnet-lite0.pth"), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer c.session.Close()
	for name, top := range want.Photos {
		scores, err := c.scores(load(t, "testdata/"+name+".jpg"))
		if err != nil {
			t.Fatal(err)
		}
		for i, score := range top { // alike to 1e-5 from a PNG; Go and Pillow decode JPEG differently
			if math.Abs(float64(scores[i])-score) > 0.05 {
				t.Errorf("%s: %s %.3f, reference %.3f", name, c.names[i].name, scores[i], score)
			}
		}
	}
}

func TestSceneString(t *testing.T) {
	apple := Label{Name: "an apple", Kind: "a fruit"}
	dog := Label{Name: "a dog (beagle)", Kind: "a dog"}
	long := strings.Repeat("word ", 60)
	for _, c := range []struct {
		s    Scene
		want string
	}{
		{Scene{}, ""},
		{Scene{Dark: true}, "nothing, the picture is dark"},
		{Scene{Objects: []Label{apple}, Colour: "red"}, "a red apple"},
		{Scene{Objects: []Label{apple}, Colour: "orange"}, "an orange apple"},
		{Scene{Objects: []Label{apple}}, "an apple"},
		{Scene{Objects: []Label{dog}, Colour: "brown"}, "a dog (beagle)"},
		{Scene{Objects: []Label{{Name: "a book"}}, Text: []string{"CAFE", "NOIR"}}, `a book; the text "CAFE NOIR"`},
		{Scene{Text: []string{`say "hi"`}}, `the text "say 'hi'"`},
		{Scene{Colour: "green", Share: 0.9}, "something green"},
		{Scene{Colour: "white", Share: 0.9}, ""},
		{Scene{Colour: "green", Share: 0.6}, ""},
		{Scene{Text: []string{long}}, `the text "` + strings.TrimSpace(strings.Repeat("word ", 24)) + `…"`},
	} {
		if got := c.s.String(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.s, got, c.want)
		}
	}
}

func TestColours(t *testing.T) {
	for want, c := range map[string][3]byte{
		"red": {200, 30, 30}, "green": {40, 160, 50}, "blue": {30, 60, 200}, "yellow": {230, 220, 40}, "orange": {250, 140, 20},
		"purple": {120, 40, 160}, "pink": {250, 150, 170}, "brown": {110, 70, 40}, "white": {240, 240, 235}, "grey": {120, 122, 125},
		"black": {15, 15, 20},
	} {
		grid := sample(plainPicture(50, 40, c[0], c[1], c[2]))
		if got, share := grid.colour(); got != want || share != 1 {
			t.Errorf("%v is %s (%v), want %s", c, got, share, want)
		}
	}
}

func TestNames(t *testing.T) {
	names, err := readNames(namesText)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]class{162: {"a dog (beagle)", "a dog"}, 948: {"an apple", "a fruit"}, 620: {"a laptop", "a computer"}} {
		if names[i] != want {
			t.Errorf("%d: %v, want %v", i, names[i], want)
		}
	}
	if _, err := readNames("a cat\na dog"); err == nil {
		t.Error("two names were taken for a thousand")
	}
}

func TestLabelTakesTheKindWhereClassesShareIt(t *testing.T) {
	names, _ := readNames(namesText)
	c := &classifier{names: names}
	scores := make([]float32, classes)
	if _, ok := c.label(scores); ok {
		t.Error("nothing was given a name")
	}
	scores[281], scores[282], scores[285], scores[0] = 0.3, 0.2, 0.1, 0.35
	if l, ok := c.label(scores); !ok || l.Name != "a cat" || math.Abs(l.Score-0.6) > 1e-6 {
		t.Errorf("%+v %v, want a cat", l, ok)
	}
	scores[0] = 0.5
	if l, ok := c.label(scores); !ok || l.Name != "a fish (tench)" {
		t.Errorf("%+v %v, want a tench", l, ok)
	}
}

func TestDecode(t *testing.T) {
	letters := []string{"", "a", "b", " "}
	step := func(best int) []float32 {
		s := []float32{0.1, 0.1, 0.1, 0.1}
		s[best] = 0.8
		return s
	}
	var scores []float32
	for _, k := range []int{0, 1, 1, 0, 1, 2, 2, 3, 0, 2} {
		scores = append(scores, step(k)...)
	}
	found, score := decode(scores, letters, 100)
	want := []letter{{"a", 15}, {"a", 45}, {"b", 55}, {" ", 75}, {"b", 95}}
	if !reflect.DeepEqual(found, want) || math.Abs(score-0.8) > 1e-6 {
		t.Errorf("%v %v", found, score)
	}
	if found, score := decode(nil, letters, 0); len(found) != 0 || score != 0 {
		t.Errorf("of nothing: %v %v", found, score)
	}
}

func TestLinesReadFromTheTopLeft(t *testing.T) {
	at := func(x, y float64, s string) piece { return piece{box{x: x, y: y, high: 10}, s} }
	got := lines([]piece{at(300, 102, "world"), at(10, 200, "below"), at(100, 98, "hello"), at(50, 20, "top")})
	if want := []string{"top", "hello world", "below"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestBelievable(t *testing.T) {
	for text, want := range map[string]bool{"": false, "--": false, "CAFE": true, "7": false} {
		if believable(text, 0.9) != want {
			t.Errorf("%q at 0.9: %v", text, !want)
		}
	}
	if believable("CAFE", 0.5) || !believable("7", 0.99) {
		t.Error("the thresholds do not hold")
	}
}

func TestBoxesOfSlantedInk(t *testing.T) {
	const w, h = 200, 120
	ink := make([]float32, w*h)
	slope := math.Tan(0.3)
	for x := 30; x < 170; x++ {
		for y := -6; y <= 6; y++ {
			ink[(60+int(float64(x-100)*slope)+y)*w+x] = 0.9
		}
	}
	ink[5*w+5] = 1 // a speck
	boxes := boxesOf(ink, w, h)
	if len(boxes) != 1 {
		t.Fatalf("%d boxes, want 1: %+v", len(boxes), boxes)
	}
	b := boxes[0]
	if angle := math.Atan2(b.sin, b.cos); math.Abs(angle-0.3) > 0.03 || math.Abs(b.x-100) > 2 || math.Abs(b.y-60) > 2 {
		t.Errorf("angle %.3f at %.1f, %.1f", angle, b.x, b.y)
	}
}

func FuzzPicture(f *testing.F) {
	f.Add(4, 3, []byte("0123456789abcdefghijklmnopqrstuvwxyz"), uint16(7), uint16(5))
	f.Add(1, 1, []byte("abc"), uint16(1), uint16(600))
	f.Fuzz(func(t *testing.T, w, h int, rgb []byte, tw, th uint16) {
		p := model.Picture{Width: w, Height: h, RGB: rgb}
		if check(p) != nil {
			return
		}
		x, y := int(tw%300)+1, int(th%300)+1
		out := make([]float32, 3*x*y)
		resize(p, rect{0, 0, float64(w), float64(h)}, x, y, x, newNorm([3]float32{}, [3]float32{1, 1, 1}, true), out)
		for _, v := range out {
			if !(v >= -1e-3 && v <= 1.001) {
				t.Fatalf("%dx%d to %dx%d holds %v", w, h, x, y, v)
			}
		}
		if dw, dh := detectSize(w, h); dw%32 != 0 || dh%32 != 0 || dw < 32 || dh < 32 || dw > 640 || dh > 640 {
			t.Errorf("%dx%d is looked at as %dx%d", w, h, dw, dh)
		}
	})
}

func FuzzBoxes(f *testing.F) {
	f.Add([]byte("\x00\xff\xff\x00\xff\xff\xff\x00\xff"), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, width uint8) {
		w := int(width%64) + 1
		h := len(b) / w
		ink := make([]float32, w*h)
		for i := range ink {
			ink[i] = float32(b[i]) / 255
		}
		for _, x := range boxesOf(ink, w, h) {
			if !(x.long > 0 && x.high > 0 && x.score <= 1) || math.IsNaN(x.x+x.y+x.sin+x.cos) {
				t.Errorf("box %+v", x)
			}
		}
	})
}

func BenchmarkDescribe(b *testing.B) {
	d := describer(b)
	frame := func(file string) model.Picture { // as a camera gives it
		p := load(b, "testdata/"+file)
		out := image.NewRGBA(image.Rect(0, 0, 640, 480))
		for i := range 640 * 480 {
			at := 3 * ((i / 640 * p.Height / 480 * p.Width) + i%640*p.Width/640)
			copy(out.Pix[4*i:], p.RGB[at:at+3])
			out.Pix[4*i+3] = 255
		}
		return fromImage(out)
	}
	for _, file := range []string{"chelsea.jpg", "sign.jpg", "notes.jpg"} {
		p := frame(file)
		b.Run(file, func(b *testing.B) {
			for b.Loop() {
				if _, err := d.Describe(b.Context(), p); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/frame")
		})
	}
	p := frame("sign.jpg")
	b.Run("classify", func(b *testing.B) {
		for b.Loop() {
			if _, err := d.classifier.scores(p); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/frame")
	})
	b.Run("detect", func(b *testing.B) {
		for b.Loop() {
			if _, err := d.detector.find(p); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/frame")
	})
}

package torch

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func str(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}

// tensor is the pickle of a tensor in a storage of 4 elements.
func tensor(class, key, dims, stride string) string {
	return "ctorch._utils\n_rebuild_tensor_v2\n((" + str("storage") + "ctorch\n" + class + "\n" + str(key) + str("cpu") +
		"K\x04NtQK\x00" + dims + stride + "\x89ccollections\nOrderedDict\n)RtR"
}

// old is a state dictionary {"a": [[1 2] [3 4]], "steps": 7} as torch.save wrote it before version 1.6.
func old() []byte {
	b := append([]byte{0x80, 2, 0x8a, 10}, magic...)
	b = append(b, ".\x80\x02M\xe9\x03.\x80\x02}q\x00."...)
	b = append(b, "\x80\x02ccollections\nOrderedDict\n)R("...)
	b = append(b, str("a")+tensor("FloatStorage", "7", "K\x02K\x02\x86", "K\x02K\x01\x86")...)
	b = append(b, str("steps")+tensor("LongStorage", "9", ")", ")")...)
	b = append(b, "u}"+str("_metadata")+"Nsb."...)
	b = append(b, "\x80\x02]("+str("7")+str("9")+"e."...)
	b = binary.LittleEndian.AppendUint64(b, 4)
	b = append(b, four()...)
	b = binary.LittleEndian.AppendUint64(b, 4)
	return append(b, make([]byte, 32)...)
}

// four are the floats 1 to 4.
func four() (b []byte) {
	for _, v := range []float32{1, 2, 3, 4} {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func open(b []byte) (*File, error) { return Read(bytes.NewReader(b), int64(len(b))) }

// floats reads a float32 tensor.
func floats(f *File, name string) []float32 {
	t, ok := f.Lookup(name)
	if !ok {
		return nil
	}
	b := make([]byte, t.Bytes())
	if err := f.Read(t, 0, b); err != nil {
		return nil
	}
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

func TestOldFormat(t *testing.T) {
	f, err := open(old())
	if err != nil {
		t.Fatal(err)
	}
	if got := floats(f, "a"); !reflect.DeepEqual(got, []float32{1, 2, 3, 4}) {
		t.Errorf("a is %v", got)
	}
	if got := f.Tensors(); len(got) != 2 || got[0].String() != "f32[2 2]" || got[1].String() != "i64[]" {
		t.Errorf("tensors %v", got)
	}
	path := filepath.Join(t.TempDir(), "w.pth")
	if err := os.WriteFile(path, old(), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := Arrays(path)
	if want := map[string]Array{"a": {Shape: []int{2, 2}, Data: []float32{1, 2, 3, 4}}}; err != nil || !reflect.DeepEqual(all, want) {
		t.Errorf("%v (%v)", all, err)
	}
}

func TestTransposed(t *testing.T) {
	f, err := open([]byte(strings.Replace(string(old()), "K\x02K\x01\x86", "K\x01K\x02\x86", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if got := floats(f, "a"); !reflect.DeepEqual(got, []float32{1, 3, 2, 4}) {
		t.Errorf("a is %v", got)
	}
	part := make([]byte, 8)
	a, _ := f.Lookup("a")
	if err := f.Read(a, 4, part); err != nil || math.Float32frombits(binary.LittleEndian.Uint32(part)) != 3 {
		t.Errorf("%v (%v)", part, err)
	}
	for at, n := range map[int64]int{-1: 4, 12: 8, 2: 4, 17: 0} {
		if err := f.Read(a, at, make([]byte, n)); err == nil {
			t.Errorf("%d bytes from %d on were read", n, at)
		}
	}
}

func TestOldFormatRefuses(t *testing.T) {
	whole := string(old())
	for name, c := range map[string]struct{ text, want string }{
		"nothing":      {"", "too early"},
		"garbage":      {"garbage", "opcode"},
		"foreign call": {strings.Replace(whole, "collections\nOrderedDict", "posix\nsystem", 1), "not allowed"},
		"opcode":       {strings.Replace(whole, "\x80\x02}q\x00.", "\x80\x02i.", 1), "opcode"},
		"magic":        {strings.Replace(whole, string(magic), strings.Repeat("x", 10), 1), "magic"},
		"stride":       {strings.Replace(whole, "K\x02K\x01\x86", "K\x02K\x02\x86", 1), "stride"},
		"too large":    {strings.Replace(whole, "K\x02K\x02\x86", "K\x02K\x09\x86", 1), `"a"`},
		"cut":          {whole[:len(whole)-1], "too early"},
		"half":         {whole[:len(whole)/2], "pickle 4"},
		"self":         {strings.Replace(whole, "\x80\x02ccollections\nOrderedDict\n)R(", "\x80\x02]q\x05h\x05a(", 1), "pickle 4"},
		"huge storage": {strings.Replace(whole, "K\x04NtQ", "\x8a\x07\xff\xff\xff\xff\xff\xff\x00NtQ", 1), "storage"},
	} {
		if _, err := open([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEndlessPickle(t *testing.T) {
	lists := "\x80\x02]q\x00" + strings.Repeat("("+strings.Repeat("}", 60000)+"e", 80) + "."
	if _, err := open([]byte(lists)); err == nil || !strings.Contains(err.Error(), "larger than this reader takes") && !strings.Contains(err.Error(), "magic") {
		t.Errorf("%v", err)
	}
}

func TestRealFile(t *testing.T) {
	dir := os.Getenv("OMNILIVE_MODELS")
	if dir == "" {
		t.Skip("OMNILIVE_MODELS is not set: no weights to read")
	}
	w, err := Arrays(filepath.Join(dir, "efficientnet-lite0.pth"))
	if err != nil {
		t.Fatal(err)
	}
	stem, fc := w["_conv_stem.weight"], w["_fc.weight"]
	if !reflect.DeepEqual(stem.Shape, []int{32, 3, 3, 3}) || !reflect.DeepEqual(fc.Shape, []int{1000, 1280}) {
		t.Errorf("stem %v, classifier %v, %d tensors", stem.Shape, fc.Shape, len(w))
	}
}

func TestUncommented(t *testing.T) {
	for in, want := range map[string]string{
		"{\"a\": 1, # one\n \"b\": \"# no \\\" # comment\"} # end": "{\"a\": 1, \n \"b\": \"# no \\\" # comment\"} ",
		`"\\" # x`: `"\\" `,
		`"\`:       `"\`,
		"":         "",
	} {
		if got := string(Uncommented([]byte(in))); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(old())
	f.Add([]byte("\x80\x02(((((t."))
	f.Add(newer("generator", nil))
	f.Add(mar(newer("", nil), nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := open(b)
		if err != nil {
			return
		}
		for _, x := range w.Tensors() {
			if n := x.Bytes(); n > int64(len(b)) {
				t.Errorf("%q: %v takes %d bytes of %d", x.Name, x, n, len(b))
			} else if err := w.Read(x, 0, make([]byte, n)); err != nil {
				t.Errorf("%q: %v", x.Name, err)
			}
		}
		w.Close()
	})
}

package pth

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// file is a state dictionary {"a": [[1 2] [3 4]], "steps": 7} as torch.save would write it.
func file() []byte {
	b := append([]byte{0x80, 2, 0x8a, 10}, magic...)
	b = append(b, ".\x80\x02M\xe9\x03.\x80\x02}q\x00."...)
	str := func(s string) string { return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s }
	tensor := func(class, key, dims, stride string) string {
		return "ctorch._utils\n_rebuild_tensor_v2\n((" + str("storage") + "ctorch\n" + class + "\n" + str(key) + str("cpu") +
			"K\x04NtQK\x00" + dims + stride + "\x89ccollections\nOrderedDict\n)RtR"
	}
	b = append(b, "\x80\x02ccollections\nOrderedDict\n)R("...)
	b = append(b, str("a")+tensor("FloatStorage", "7", "K\x02K\x02\x86", "K\x02K\x01\x86")...)
	b = append(b, str("steps")+tensor("LongStorage", "9", ")", ")")...)
	b = append(b, "u}"+str("_metadata")+"Nsb."...)
	b = append(b, "\x80\x02]("+str("7")+str("9")+"e."...)
	b = binary.LittleEndian.AppendUint64(b, 4)
	for _, v := range []float32{1, 2, 3, 4} {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	b = binary.LittleEndian.AppendUint64(b, 4)
	return append(b, make([]byte, 32)...)
}

func TestDecode(t *testing.T) {
	got, err := Decode(file())
	want := map[string]Tensor{"a": {Shape: []int{2, 2}, Data: []float32{1, 2, 3, 4}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v (%v)", got, err)
	}
}

func TestDecodeTransposed(t *testing.T) {
	b := strings.Replace(string(file()), "K\x02K\x01\x86", "K\x01K\x02\x86", 1)
	got, err := Decode([]byte(b))
	if err != nil || !reflect.DeepEqual(got["a"].Data, []float32{1, 3, 2, 4}) {
		t.Errorf("%v (%v)", got, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	whole := string(file())
	for name, c := range map[string]struct{ text, want string }{
		"zip":          {"PK\x03\x04...", "zip file"},
		"nothing":      {"", "too early"},
		"foreign call": {strings.Replace(whole, "collections\nOrderedDict", "posix\nsystem", 1), "not allowed"},
		"opcode":       {strings.Replace(whole, "\x80\x02}q\x00.", "\x80\x02i.", 1), "opcode"},
		"magic":        {strings.Replace(whole, string(magic), strings.Repeat("x", 10), 1), "magic"},
		"stride":       {strings.Replace(whole, "K\x02K\x01\x86", "K\x02K\x02\x86", 1), "stride"},
		"too large":    {strings.Replace(whole, "K\x02K\x02\x86", "K\x02K\x09\x86", 1), `"a"`},
		"cut":          {whole[:len(whole)-1], "too early"},
		"half":         {whole[:len(whole)/2], "pickle 4"},
	} {
		if _, err := Decode([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadRealFile(t *testing.T) {
	dir := os.Getenv("OMNILIVE_MODELS")
	if dir == "" {
		t.Skip("OMNILIVE_MODELS is not set: no weights to read")
	}
	w, err := Read(filepath.Join(dir, "efficientnet-lite0.pth"))
	if err != nil {
		t.Fatal(err)
	}
	stem, fc := w["_conv_stem.weight"], w["_fc.weight"]
	if !reflect.DeepEqual(stem.Shape, []int{32, 3, 3, 3}) || !reflect.DeepEqual(fc.Shape, []int{1000, 1280}) {
		t.Errorf("stem %v, classifier %v, %d tensors", stem.Shape, fc.Shape, len(w))
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(file())
	f.Add([]byte("\x80\x02(((((t."))
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := Decode(b)
		for name, x := range w {
			n := 1
			for _, s := range x.Shape {
				n *= s
			}
			if err != nil || n != len(x.Data) {
				t.Errorf("%q: shape %v, %d values, %v", name, x.Shape, len(x.Data), err)
			}
		}
	})
}

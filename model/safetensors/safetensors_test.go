package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// framed puts the length in front of a header and data behind it.
func framed(header string, data int) []byte {
	b := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	return append(b, make([]byte, data)...)
}

func read(b []byte) (*File, error) { return Read(bytes.NewReader(b), int64(len(b))) }

func TestRead(t *testing.T) {
	b := framed(`{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,1],"data_offsets":[2,10]},`+
		`"a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},"none":{"dtype":"U8","shape":[0,3],"data_offsets":[10,10]}}  `, 10)
	b[len(b)-1] = 7
	f, err := read(b)
	if err != nil {
		t.Fatal(err)
	}
	x, ok := f.Lookup("b")
	if !ok || len(f.Tensors) != 3 || f.Tensors[0].Name != "a" || x.Size != 8 || f.Metadata["format"] != "pt" {
		t.Errorf("read %+v %v", f.Tensors, f.Metadata)
	}
	got := make([]byte, 3)
	if err := f.ReadTensor(x, 5, got); err != nil || got[2] != 7 {
		t.Errorf("the end of b is %v (%v)", got, err)
	}
	for _, at := range []int64{-1, 6, 8, 1 << 62} {
		if err := f.ReadTensor(x, at, got); err == nil {
			t.Errorf("3 bytes from %d on of 8 are read", at)
		}
	}
}

func TestRefuses(t *testing.T) {
	one := func(entry string) []byte { return framed(`{"x":`+entry+`}`, 16) }
	huge := binary.LittleEndian.AppendUint64(nil, 1<<63)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"nothing":         {nil, "too few"},
		"a few bytes":     {[]byte("1234567"), "too few"},
		"huge header":     {append(huge, make([]byte, 100)...), "the file is cut"},
		"empty header":    {framed("", 0), "header"},
		"cut header":      {framed(`{"x":{"dtype":"F32","shape":[4],"data_off`, 0), "EOF"},
		"no object":       {framed(`[1,2]`, 0), "no JSON object"},
		"two objects":     {framed(`{}{}`, 0), "more than one"},
		"text":            {framed(`hello`, 0), "no JSON object"},
		"cut data":        {framed(`{"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`, 15), "offsets"},
		"twice":           {framed(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), `"x"`},
		"overlap":         {framed(`{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 4), "overlap"},
		"no name":         {framed(`{"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), "empty"},
		"long name":       {framed(`{"`+strings.Repeat("x", 2000)+`":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), "too long"},
		"other type":      {one(`{"dtype":"Q9","shape":[4],"data_offsets":[0,16]}`), "unknown type"},
		"no type":         {one(`{"shape":[4],"data_offsets":[0,16]}`), "unknown type"},
		"wrong size":      {one(`{"dtype":"F32","shape":[3],"data_offsets":[0,16]}`), "takes 12"},
		"negative":        {one(`{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}`), "impossible shape"},
		"twice negative":  {one(`{"dtype":"F32","shape":[-2,-2],"data_offsets":[0,16]}`), "impossible shape"},
		"overflow":        {one(`{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,16]}`), "impossible shape"},
		"wraps to 16":     {one(`{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,16]}`), "impossible shape"},
		"huge number":     {one(`{"dtype":"F32","shape":[1e30],"data_offsets":[0,16]}`), `"x"`},
		"half a number":   {one(`{"dtype":"F32","shape":[0.5],"data_offsets":[0,16]}`), `"x"`},
		"nine dimensions": {one(`{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,4],"data_offsets":[0,16]}`), "dimensions"},
		"offset before":   {one(`{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}`), "offsets"},
		"offset beyond":   {one(`{"dtype":"F32","shape":[4],"data_offsets":[16,32]}`), "offsets"},
		"offset overflow": {one(`{"dtype":"F32","shape":[4],"data_offsets":[9223372036854775800,9223372036854775807]}`), "offsets"},
		"turned offsets":  {one(`{"dtype":"F32","shape":[4],"data_offsets":[16,0]}`), "offsets"},
		"one offset":      {one(`{"dtype":"F32","shape":[4],"data_offsets":[0]}`), "offsets"},
		"deep":            {one(strings.Repeat(`{"a":`, 20000) + `1` + strings.Repeat(`}`, 20000)), `"x"`},
		"deep list":       {one(strings.Repeat(`[`, 200000)), `"x"`},
		"bad metadata":    {framed(`{"__metadata__":{"a":[1]}}`, 0), "metadata"},
	} {
		_, err := read(c.file)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", name, err, c.want)
		}
		if err != nil && len(err.Error()) > 500 {
			t.Errorf("%s: an error of %d bytes", name, len(err.Error()))
		}
	}
}

// A file that says it is huge must not cost memory.
func TestLengthsCostNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	b := binary.LittleEndian.AppendUint64(nil, maxHeader+1)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<40); err != nil {
		t.Skip(err) // a file system without sparse files
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Open(path)
	runtime.ReadMemStats(&after)
	if err == nil {
		t.Error("opened")
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes were taken for it", n)
	}
}

func TestOpenRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	loop := filepath.Join(dir, "loop.safetensors")
	if err := os.Symlink("loop.safetensors", loop); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(loop); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("a link to itself: %v", err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("a folder opens")
	}
	if _, err := Open("/dev/zero"); err == nil || !strings.Contains(err.Error(), "regular") {
		t.Errorf("a device: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(framed(`{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,1],"data_offsets":[2,10]},"a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}}`, 10))
	f.Add(framed(`{"x":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,16]}}`, 16))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := read(b)
		if err != nil {
			return
		}
		end := int64(0)
		for _, x := range file.Tensors {
			if x.Offset < end || x.Size < 0 || x.Offset+x.Size > int64(len(b)) {
				t.Fatalf("%+v lies outside the file or over another", x)
			}
			end = x.Offset + x.Size
			if x.Size < 1<<20 {
				if err := file.ReadTensor(x, 0, make([]byte, x.Size)); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

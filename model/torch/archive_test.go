package torch

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// A part is one file of a ZIP under test.
type part struct {
	name, text string
	method     uint16
}

func zipOf(parts []part) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		w, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: p.method})
		if err == nil {
			_, err = w.Write([]byte(p.text))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// newer is the state dictionary of old as torch.save writes it now, in a dictionary under the name wrap, if any.
func newer(wrap string, change func([]part) []part) []byte {
	dict := "}(" + str("a") + tensor("FloatStorage", "0", "K\x02K\x02\x86", "K\x02K\x01\x86") +
		str("half") + tensor("HalfStorage", "1", "K\x04\x85", "K\x01\x85") +
		str("brain") + tensor("BFloat16Storage", "2", "K\x04\x85", "K\x01\x85") +
		str("double") + tensor("DoubleStorage", "3", "K\x04\x85", "K\x01\x85") +
		str("rate") + "G" + string(binary.BigEndian.AppendUint64(nil, math.Float64bits(0.5))) +
		str("view") + strings.Replace(tensor("FloatStorage", "0", "K\x02\x85", "K\x01\x85"), "tQK\x00", "tQK\x02", 1) + "u"
	dict = strings.ReplaceAll(dict, "K\x04NtQ", "K\x04tQ")
	if wrap != "" {
		dict = "}" + str(wrap) + dict + "s"
	}
	parts := []part{
		{name: "archive/data.pkl", text: "\x80\x02" + dict + "."},
		{name: "archive/byteorder", text: "little"},
		{name: "archive/data/0", text: string(four())},
		{name: "archive/data/1", text: strings.Repeat("\x00\x3c", 4)},
		{name: "archive/data/2", text: strings.Repeat("\x80\x3f", 4)},
		{name: "archive/data/3", text: strings.Repeat("\x00\x00\x00\x00\x00\x00\xf0\x3f", 4)},
	}
	if change != nil {
		parts = change(parts)
	}
	return zipOf(parts)
}

// mar is a TorchServe archive around weights.
func mar(weights []byte, change func([]part) []part) []byte {
	parts := []part{
		{name: manifestName, text: `{"model": {"serializedFile": "g_0"}} # made for a test`, method: zip.Deflate},
		{name: "config.json", text: "{\"num_units\": 3 # few\n}", method: zip.Deflate},
		{name: "spk_list.txt", text: "anna\r\n\nbert\n", method: zip.Deflate},
		{name: "g_0", text: string(weights), method: zip.Deflate},
	}
	if change != nil {
		parts = change(parts)
	}
	return zipOf(parts)
}

func TestNewFormat(t *testing.T) {
	for _, wrap := range []string{"", "generator", "state_dict"} {
		for _, b := range [][]byte{newer(wrap, nil), mar(newer(wrap, nil), nil), mar(newer(wrap, nil), stored), mar(old(), nil)} {
			f, err := open(b)
			if err != nil {
				t.Fatalf("%q: %v", wrap, err)
			}
			if got := floats(f, "a"); !reflect.DeepEqual(got, []float32{1, 2, 3, 4}) {
				t.Errorf("%q: a is %v", wrap, got)
			}
			if got := floats(f, "view"); got != nil && !reflect.DeepEqual(got, []float32{3, 4}) {
				t.Errorf("%q: view is %v", wrap, got)
			}
			if x, ok := f.Lookup("double"); ok && x.String() != "f64[4]" {
				t.Errorf("double is %v", x)
			}
			f.Close()
			f.Close()
		}
	}
}

// stored leaves the weights of an archive uncompressed.
func stored(p []part) []part {
	p[3].method = zip.Store
	return p
}

func TestArchiveExtras(t *testing.T) {
	f, err := open(mar(newer("generator", nil), nil))
	if err != nil {
		t.Fatal(err)
	}
	names, err := f.Speakers()
	if err != nil || !reflect.DeepEqual(names, []string{"anna", "bert"}) {
		t.Errorf("speakers %q (%v)", names, err)
	}
	if c, err := f.Config(); err != nil || string(c) != "{\"num_units\": 3 \n}" {
		t.Errorf("config %q (%v)", c, err)
	}
	f, err = open(newer("", nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Config(); err == nil {
		t.Error("a file without a configuration has one")
	}
	if names, err := f.Speakers(); err != nil || names != nil {
		t.Errorf("%v %v", names, err)
	}
}

func TestNewFormatRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		want   string
		change func(p []part) []part
	}{
		"no pickle":     {"data.pkl", func(p []part) []part { return p[1:] }},
		"two pickles":   {"two pickles", func(p []part) []part { return append(p, part{name: "other/data.pkl"}) }},
		"twice":         {"twice", func(p []part) []part { return append(p, p[2]) }},
		"big endian":    {"byte order", func(p []part) []part { p[1].text = "big"; return p }},
		"missing":       {"storage 0", func(p []part) []part { return append(p[:2], p[3:]...) }},
		"short":         {"15 bytes, 16 expected", func(p []part) []part { p[2].text = p[2].text[:15]; return p }},
		"compressed":    {"compressed", func(p []part) []part { p[2].method = zip.Deflate; return p }},
		"not a dict":    {"no dictionary", func(p []part) []part { p[0].text = "\x80\x02]."; return p }},
		"no tensors":    {"no tensors", func(p []part) []part { p[0].text = "\x80\x02}."; return p }},
		"itself":        {"no tensors", func(p []part) []part { p[0].text = "\x80\x02}q\x00" + str("generator") + "h\x00s."; return p }},
		"foreign":       {"not allowed", func(p []part) []part { p[0].text = "\x80\x02cos\nsystem\n(" + str("ls") + "tR."; return p }},
		"huge string":   {"longer", func(p []part) []part { p[0].text = "\x80\x02X\xff\xff\xff\xff."; return p }},
		"empty stack":   {"takes more", func(p []part) []part { p[0].text = "\x80\x02tR."; return p }},
		"cut pickle":    {"no end", func(p []part) []part { p[0].text = p[0].text[:40]; return p }},
		"endless stack": {"larger", func(p []part) []part { p[0].text = strings.Repeat("(", 1<<17); return p }},
		"endless lists": {"larger", func(p []part) []part {
			p[0].text = "]" + strings.Repeat("("+strings.Repeat("}", 60000)+"e", 80)
			return p
		}},
		"pickle bomb": {"the most that is read", func(p []part) []part {
			p[0].text, p[0].method = strings.Repeat("\x00", maxPickle+1), zip.Deflate
			return p
		}},
	} {
		if _, err := open(newer("generator", c.change)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestArchiveRefuses(t *testing.T) {
	manifest := func(s string) func(p []part) []part {
		return func(p []part) []part { p[0].text = s; return p }
	}
	for name, c := range map[string]struct {
		want   string
		change func(p []part) []part
	}{
		"no weights":     {`"g_0"`, func(p []part) []part { return p[:3] }},
		"no JSON":        {"MANIFEST", manifest("hello")},
		"no name":        {"serializedFile", manifest("{}")},
		"path":           {"plain name", manifest(`{"model": {"serializedFile": "../../etc/passwd"}}`)},
		"hidden":         {"plain name", manifest(`{"model": {"serializedFile": ".."}}`)},
		"itself":         {"data.pkl", func(p []part) []part { p[3].text = string(zipOf(p[:3])); return p }},
		"twice":          {"twice", func(p []part) []part { return append(p, p[3]) }},
		"not weights":    {"too early", func(p []part) []part { p[3].text = ""; return p }},
		"bomb":           {"which no weights do", func(p []part) []part { p[3].text = strings.Repeat("\x00", inMemory+1); return p }},
		"cut inner file": {"the weights in it", func(p []part) []part { p[3].text = p[3].text[:len(p[3].text)/2]; return p }},
	} {
		if _, err := open(mar(newer("generator", nil), c.change)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := mar(newer("generator", nil), nil)
	for n := 0; n < len(whole); n += 7 {
		if _, err := open(whole[:n]); err == nil {
			t.Fatalf("%d of %d bytes were taken", n, len(whole))
		}
	}
	for i := range whole { // one bad byte: an error or the same tensors, never a crash
		bad := bytes.Clone(whole)
		bad[i] ^= 0x55
		if f, err := open(bad); err == nil {
			f.Close()
		}
	}
}

func TestLargeWeightsGoThroughAFile(t *testing.T) {
	noise := make([]byte, inMemory+4096) // a comment in the archive that cannot be compressed much
	for i := range noise {
		noise[i] = byte(uint32(i) * 2654435761 >> 13)
	}
	b := mar(newer("", func(p []part) []part { return append(p, part{name: "archive/extra", text: string(noise)}) }), nil)
	f, err := open(b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := floats(f, "a"); !reflect.DeepEqual(got, []float32{1, 2, 3, 4}) {
		t.Errorf("a is %v", got)
	}
}

func TestGoldenArchives(t *testing.T) {
	dir := filepath.Join("..", "omni", "verify", "testdata", "unit_bigvgan_mar")
	for name, want := range map[string]int{"NCCosybigvganDecoder.mar": 785, "NCCosybigvganDecoder_folded.mar": 669} {
		f, err := Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		speakers, err := f.Speakers()
		if len(f.Tensors()) != want || err != nil || !reflect.DeepEqual(speakers, []string{"fkms", "mhwj", "fphj", "mphw"}) {
			t.Errorf("%s: %d tensors, speakers %q (%v)", name, len(f.Tensors()), speakers, err)
		}
		for _, x := range f.Tensors() {
			if err := f.Read(x, 0, make([]byte, x.Bytes())); err != nil {
				t.Error(err)
			}
		}
		f.Close()
	}
	if _, err := Open(dir); err == nil {
		t.Error("a folder was opened")
	}
}

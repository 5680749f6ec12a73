package prompt

import (
	"cmp"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"omnilive/model/tokenizer"
)

const golden = "../verify/testdata/tokenizer/tokenizer.json"

// vocabulary is that of the golden tokenizer: 81 units with a sound and one without, 256 codes of pictures.
func vocabulary(t testing.TB) *Vocabulary {
	t.Helper()
	tok, err := tokenizer.Open(golden)
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVocabulary(Config{}, tok)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVocabulary(t *testing.T) {
	v := vocabulary(t)
	if v.Units != (Range{1028, 81}) || v.Mute != (Range{1109, 1}) || v.Codes != (Range{1110, 256}) || len(v.Ratios) != 13 || v.Side != 27 {
		t.Errorf("units %v, mute %v, codes %v, %d ratios, side %d", v.Units, v.Mute, v.Codes, len(v.Ratios), v.Side)
	}
	if !slices.Equal(v.Stops, []int32{903}) || v.Pad(AudioRows) != 971 || v.Pad(None) != -1 {
		t.Errorf("stops %v, pad %d", v.Stops, v.Pad(AudioRows))
	}
}

func TestStops(t *testing.T) {
	id := func(i int32) *int32 { return &i }
	config := Config{EOS: id(901)}
	config.Text.EOS, config.Text.BOS = id(901), id(900)
	v, err := NewVocabulary(config, vocabulary(t).Tokenizer)
	if err != nil || !slices.Equal(v.Stops, []int32{903, 901}) || v.BOS != 900 {
		t.Errorf("stops %v, begin %d (%v)", v.Stops, v.BOS, err)
	}
	for id, want := range map[int32]bool{900: false, 901: true, 903: true, 902: false, 971: false, 976: false, 1028: false, 1110: false, 64: true, 998: true} {
		if slices.ContainsFunc(v.plain, func(r [2]int32) bool { return r[0] <= id && id <= r[1] }) != want {
			t.Errorf("text may hold %s: %v, want %v", v.Tokenizer.Bytes(id), !want, want)
		}
	}
}

func TestVocabularyMistakes(t *testing.T) {
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ config, old, new, want string }{
		{`{"audio_token_id": 5}`, "", "", "audio_token_id 5"},
		{`{"discrete_audio_unit_0_id": 1029}`, "", "", "discrete_audio_unit_0_id 1029"},
		{`{"text_config": {"vocab_size": 100}}`, "", "", "vocab_size 100"},
		{`{"eos_token_id": 1366}`, "", "", "eos_token_id 1366"},
		{`{"eos_token_id": -1}`, "", "", "eos_token_id -1"},
		{`{}`, "<|im_end|>", "<|im_done|>", "<|im_end|>"},
		{`{}`, "<|IMAGE_PAD|>", "<|IMAGE_PUD|>", "<|IMAGE_PAD|>"},
		{`{}`, "<|vision00000|>", "<|visual00000|>", "<|vision00000|>"},
		{`{}`, "<|vision_ratio_", "<|vision_form_", "vision_ratio"},
	} {
		tok, err := tokenizer.Parse([]byte(strings.ReplaceAll(string(text), cmp.Or(c.old, "\x00"), c.new)))
		if err != nil {
			t.Fatal(err)
		}
		var config Config
		if err := json.Unmarshal([]byte(c.config), &config); err != nil {
			t.Fatal(err)
		}
		if _, err := NewVocabulary(config, tok); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v, want an error with %q", c.config, c.new, err, c.want)
		}
	}
}

func TestRatio(t *testing.T) {
	v := vocabulary(t)
	for _, c := range []struct {
		width, height int
		want          string
	}{
		{160, 222, "3:4"},
		{210, 300, "6:9"},
		{1920, 1080, "16:9"},
		{9, 8, "1:1"},
		{7, 4, "16:9"},
		{3, 2, "9:6"},
		{21, 20, "1:1"},
		{1, 1, "1:1"},
		{0, 0, "1:1"},
		{-5, 3, "1:1"},
		{30000, 1, "2:1"},
		{1, 30000, "1:2"},
	} {
		if got := v.Ratio(c.width, c.height).String(); got != c.want {
			t.Errorf("%d×%d: %s, want %s", c.width, c.height, got, c.want)
		}
	}
}

func TestDurations(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{AudioDuration(36907, 16000), "2.31s"},
		{AudioDuration(0, 16000), "0.00s"},
		{AudioDuration(16000*3600, 16000), "3600.00s"},
		{AudioDuration(5, 0), "0.00s"},
		{VideoDuration(10, 4), "2.5s"},
		{VideoDuration(240, 30), "8.0s"},
		{VideoDuration(10, 3), "3.33s"},
		{VideoDuration(250, 20), "12.5s"},
		{VideoDuration(1, 0), "0.0s"},
		{VideoDuration(0, 0), "0.0s"},
		{VideoDuration(10, -3), "0.0s"},
		{VideoDuration(45, 29.97), "1.5s"},
		{VideoDuration(1, 1000), "0.0s"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}

// The results are those of Python's json.dumps(json.loads(…), ensure_ascii=False).
func TestToJSON(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"b":1,"a":[true,false,null]}`, `{"b": 1, "a": [true, false, null]}`},
		{`{"a":1,"b":2,"a":3}`, `{"a": 3, "b": 2}`},
		{`[]`, `[]`},
		{`{}`, `{}`},
		{` "한<b>&\u0041\/\u2028" `, "\"한<b>&A/\u2028\""},
		{`"\"\\\n\r\t\b\f\u0001\u007f"`, `"\"\\\n\r\t\b\f\u0001` + "\x7f" + `"`},
		{
			`[1.0,1.50,1e5,1E400,-1E400,1e16,1e-5,0.0001,123456789012345678,1e22,-0.0,-0,5e-324]`,
			`[1.0, 1.5, 100000.0, Infinity, -Infinity, 1e+16, 1e-05, 0.0001, 123456789012345678, 1e+22, -0.0, 0, 5e-324]`,
		},
		{`123456789012345678901234567890`, `123456789012345678901234567890`},
	} {
		if got, err := ToJSON([]byte(c.in)); err != nil || got != c.want {
			t.Errorf("%s: %s, want %s (%v)", c.in, got, c.want, err)
		}
	}
	for _, bad := range []string{"", "{", `{"a"}`, `{"a":1,}`, `{1:2}`, "[1]]", "1 2", "nul", "NaN", strings.Repeat("[", 100000), strings.Repeat(" ", maxJSON+1)} {
		if got, err := ToJSON([]byte(bad)); err == nil {
			t.Errorf("%.20q gives %s", bad, got)
		}
	}
}

// FuzzToJSON: what is written is JSON of the same value, and writing it again changes nothing.
func FuzzToJSON(f *testing.F) {
	f.Add([]byte(`{"a": [1, 2.5e10, "한\u0000"], "b": {"c": null}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		once, err := ToJSON(data)
		if err != nil || strings.Contains(once, "Infinity") {
			return
		}
		if !json.Valid([]byte(once)) {
			t.Fatalf("%q gives %q", data, once)
		}
		if twice, err := ToJSON([]byte(once)); err != nil || twice != once {
			t.Fatalf("%q, then %q (%v)", once, twice, err)
		}
	})
}

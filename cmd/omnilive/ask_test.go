package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"omnilive/media"
	"omnilive/media/gst"
	"omnilive/model/checkpoint"
	"omnilive/model/omni"
	"omnilive/model/picture"
)

// asked runs ask on the whole checkpoint and returns what it prints, and what it prints beside that.
func asked(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	if os.Getenv("OMNILIVE_LIB") == "" {
		t.Skip("OMNILIVE_LIB is not set; make test sets it")
	}
	if _, err := os.Stat(wholeCheckpoint); err != nil {
		t.Skip("the whole checkpoint is not here")
	}
	var out, beside bytes.Buffer
	fs := flag.NewFlagSet("ask", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	f := newAskFlags(fs)
	args = append([]string{"--model", wholeCheckpoint, "--cache-dir", t.TempDir(), "--quant", "f32", "--llm-quant", "f32"}, args...)
	if err := f.parse(fs, args); err != nil {
		return "", "", err
	}
	err = f.ask(t.Context(), &out, &beside)
	return out.String(), beside.String(), err
}

func inWhole(name string) string { return filepath.Join(wholeCheckpoint, "media", name) }

// stored is a list of ids out of the reference's runs.
func stored(t *testing.T, name string) []int32 {
	t.Helper()
	s, err := checkpoint.Open(filepath.Join(wholeCheckpoint, "cases.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ids, err := checkpoint.Ints(s, name)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// printed are the ids on the last line.
func printed(out string) (ids []int32) {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for _, f := range strings.Fields(lines[len(lines)-1]) {
		var id int32
		if _, err := fmt.Sscan(f, &id); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestAskGivesTheReferencesIds(t *testing.T) {
	for name, args := range map[string][]string{
		"hear":  {"--system", "You are CLOVA X. You can see, hear and speak.", "-a", inWhole("question.wav")},
		"see":   {"-i", inWhole("image.png"), "사진 속에 무엇이 보이나요?"},
		"watch": {"-v", filmed(t), "What happens in the last scene?"},
	} {
		t.Run(name, func(t *testing.T) {
			out, _, err := asked(t, append(args, "--free", "16", "--ids")...)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := printed(out), stored(t, name+".answer_ids"); !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

// filmed makes a Matroska file of the whole checkpoint's frames and soundtrack, nothing lost.
func filmed(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip.mkv")
	if _, err := os.Stat(wholeCheckpoint); err != nil {
		return path
	}
	p, err := gst.New("matroskamux name=mux ! filesink name=file  filesrc name=sound ! wavparse ! queue ! mux. "+
		"appsrc name=src format=time caps=video/x-raw,format=RGB,width=64,height=48,framerate=4/1 ! queue ! mux.", nil, "file", "sound")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Free()
	if err := errors.Join(p.Set("file", "location", path), p.Set("sound", "location", inWhole("video_sound.wav")), p.Play()); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		file, err := os.ReadFile(inWhole(fmt.Sprintf("video_%03d.png", i)))
		if err != nil {
			t.Fatal(err)
		}
		frame, err := picture.Decode(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Push(frame.RGB, time.Duration(i)*250*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.End(); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		if slices.Contains(p.Drain(), gst.EndOfStream) {
			return path
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("no end of the film: %v", p.Err())
	return ""
}

func TestAskSpeaks(t *testing.T) {
	for name, args := range map[string][]string{
		"a voice of the model's choice": nil,
		"named":                         {"--voice", "mhwj"},
		"cloned":                        {"--voice-like", inWhole("voice24k.wav")},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "reply.wav")
			out, beside, err := asked(t, append(args, "-a", inWhole("question.wav"), "-o", path, "--max-tokens", "800")...)
			if err != nil && !errors.Is(err, omni.ErrLength) {
				t.Fatal(err)
			}
			if !strings.Contains(out, "(heard)") || !strings.Contains(out, "(says)") || !strings.Contains(beside, "wrote "+path) {
				t.Errorf("%q and %q", out, beside)
			}
			pcm, err := media.ReadSoundFile(t.Context(), path, media.OutputRate, time.Minute)
			if err != nil || len(pcm)%960 != 0 {
				t.Errorf("%d samples: %v", len(pcm), err)
			}
		})
	}
}

func TestAskDraws(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.png")
	out, _, err := asked(t, "-i", inWhole("image.png"), "make it night", "-o", path, "--size", "64x80", "--steps", "2", "--json", "--ids")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for line := range strings.Lines(out) {
		var e struct {
			Type, Ratio string
			Codes, IDs  []int32
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		kinds[e.Type]++
		if e.Type == "picture" && (len(e.Codes) != 729 || e.Ratio != "3:4") || e.Type == "ids" && len(e.IDs) != 830 {
			t.Errorf("%s: %d codes, ratio %s, %d ids", e.Type, len(e.Codes), e.Ratio, len(e.IDs))
		}
	}
	if kinds["code"] != 729 || kinds["picture"] != 1 || kinds["step"] != 2 || kinds["saved"] != 1 || kinds["end"] != 1 {
		t.Errorf("%v", kinds)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if m, err := png.Decode(file); err != nil || m.Bounds().Dx() != 64 || m.Bounds().Dy() != 80 {
		t.Errorf("no picture of 64x80: %v", err)
	}
}

// What cannot be answered is refused in words, before the checkpoint is loaded wherever that can be known.
func TestAskRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var silence bytes.Buffer
	if err := media.WriteWAV(&silence, nil, 16000); err != nil {
		t.Fatal(err)
	}
	huge := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x75\x30\x00\x00\x75\x30\x08\x02\x00\x00\x00\xf6\xe3\x12\x4c"
	for _, c := range []struct {
		want string
		args []string
	}{
		{"no question", nil},
		{"no such file", []string{"-a", filepath.Join(dir, "none.mp3")}},
		{"no such file", []string{"-i", filepath.Join(dir, "none.png")}},
		{"no such file", []string{"-v", filepath.Join(dir, "none.mp4")}},
		{"neither PNG", []string{"-i", file("a.png", "no picture")}},
		{"decode picture", []string{"-i", file("huge.png", huge)}},
		{"no media file", []string{"-v", file("a.mp4", "no video")}},
		{"it has no sound", []string{"-a", file("silence.wav", silence.String())}},
		{"read the sound", []string{"-a", file("corrupt.mp3", "ID3\x03\x00\x00\x00\x00\x00\x00"+strings.Repeat("\xff\xfb\x90\x00", 9))}},
		{"no voice", []string{"hi", "-o", "x.wav", "--voice", "nobody"}},
		{"fkms", []string{"hi", "-o", "x.wav", "--voice", "nobody"}},
		{"exclude", []string{"hi", "-o", "x.wav", "--voice", "a", "--voice-like", "b"}},
		{"want a .wav", []string{"hi", "-o", "x.txt"}},
		{"no such folder", []string{"hi", "-o", "/nonexistent/x.wav"}},
		{"a voice is for speech", []string{"hi", "--voice", "fkms"}},
		{"no ratio", []string{"draw", "-o", filepath.Join(dir, "x.png"), "--ratio", "7:1"}},
		{"--ratio", []string{"draw", "-o", filepath.Join(dir, "x.png"), "--ratio", "wide"}},
		{"--size", []string{"draw", "-o", filepath.Join(dir, "x.png"), "--size", "0x0"}},
		{"no type", []string{"hi", "--quant", "f64"}},
		{"no type", []string{"hi", "--llm-quant", "f64"}},
		{"config.json", []string{"hi", "--model", dir}},
	} {
		out, _, err := asked(t, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.want) || out != "" {
			t.Errorf("%v: %v, want %q in it; printed %q", c.args, err, c.want, out)
		}
	}
}

func TestAskArgumentsKeepTheirOrder(t *testing.T) {
	fs := flag.NewFlagSet("ask", flag.ContinueOnError)
	f := newAskFlags(fs)
	err := f.parse(fs, []string{"--model", "m", "-i", "a.png", "first", "-a", "b.wav", "-i", "c.png", "--seed", "3", "--", "-o", "last"})
	if err != nil {
		t.Fatal(err)
	}
	want := []askInput{{'i', "a.png"}, {'t', "first"}, {'a', "b.wav"}, {'i', "c.png"}, {'t', "-o"}, {'t', "last"}}
	if !slices.Equal(f.inputs, want) || f.answer.seed != 3 || f.out != "" {
		t.Errorf("%+v", f)
	}
}

func TestAskPrintsNothingThatCommandsTerminals(t *testing.T) {
	if got := strings.Map(printable, "a\x1b[2J\u009b\r\x00b\n\tgäb"); got != "a[2Jb\n\tgäb" {
		t.Errorf("%q", got)
	}
}

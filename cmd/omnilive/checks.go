package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"omnilive/model/ggml"
	"omnilive/model/llama"
	"omnilive/model/onnx"
	"omnilive/model/parts"
	"omnilive/model/small"
	"omnilive/signaling"
)

// What a machine should have: below, calls work badly or not at all.
const (
	wantCores     = 2
	wantMemory    = 1500 << 20 // bytes available: the default model takes 1.3 GB
	wantTiny      = 600 << 20  // the same for --model tiny
	wantOpenFiles = 1024
	leastFiles    = 128
)

// checkMachine looks at cores, memory (as meminfo, a file like /proc/meminfo, tells it) and open files.
func checkMachine(meminfo string) []finding {
	out := []finding{{verdict: fine, what: fmt.Sprintf("%d processor cores (%s)", runtime.NumCPU(), runtime.GOARCH)}}
	if runtime.NumCPU() < wantCores {
		out[0].verdict, out[0].remedy = warn, "answers will be slow: 2 cores or more are wanted"
	}
	out = append(out, checkMemory(meminfo), checkOpenFiles())
	return out
}

func checkMemory(meminfo string) finding {
	bytes, err := availableMemory(meminfo)
	if err != nil {
		return finding{warn, "memory: " + oneLine(err), "see that about 1.5 GB is free"}
	}
	f := finding{verdict: fine, what: fmt.Sprintf("%d MB of memory available", bytes>>20)}
	switch {
	case bytes < wantTiny:
		f.verdict, f.remedy = fail, "the smallest model needs 600 MB: close other programs"
	case bytes < wantMemory:
		f.verdict, f.remedy = warn, "the default model needs 1.5 GB: serve with --model tiny, or close other programs"
	}
	return f
}

// availableMemory reads the line MemAvailable of a file like /proc/meminfo.
func availableMemory(path string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) >= 2 && fields[0] == "MemAvailable:" {
			kb, err := strconv.ParseInt(fields[1], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no line MemAvailable", path)
}

func checkOpenFiles() finding {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return finding{warn, "open files: " + oneLine(err), ""}
	}
	f := finding{verdict: fine, what: fmt.Sprintf("%d open files allowed", limit.Cur)}
	remedy := fmt.Sprintf("ulimit -n %d", wantOpenFiles)
	if limit.Cur < leastFiles {
		return finding{fail, f.what, remedy}
	}
	if limit.Cur < wantOpenFiles {
		return finding{warn, f.what, remedy}
	}
	return f
}

// checkMedia looks for the GStreamer elements that calls are made of.
func checkMedia() []finding {
	version, missing := signaling.MediaElements()
	if len(missing) == 0 {
		return []finding{{verdict: fine, what: "GStreamer " + version + " with every element"}}
	}
	var out []finding
	for _, e := range missing {
		f := finding{fail, fmt.Sprintf("GStreamer %s lacks %s, for %s", version, e.Name, e.For), "apt-get install " + e.Package}
		if e.Optional {
			f.verdict = warn
		}
		out = append(out, f)
	}
	return out
}

// checkParts holds the fetched parts against models.lock, and says whether the libraries are fit to be loaded.
func checkParts(ctx context.Context, store *parts.Store, sets []string) (out []finding, libraries bool) {
	found, err := store.List(ctx, sets...)
	if err != nil {
		return []finding{{fail, "model parts: " + oneLine(err), ""}}, false
	}
	libraries = true
	for _, st := range found {
		if st.Whole() {
			continue
		}
		libraries = libraries && st.Part.Root != parts.LibRoot
		out = append(out, finding{fail, st.Part.Name + ": " + worst(st), "omnilive models fetch --set " + cmp.Or(strings.Join(sets, ","), "all")})
	}
	if len(out) == 0 {
		out = append(out, finding{verdict: fine, what: fmt.Sprintf("%d model parts and libraries, all as models.lock has them", len(found))})
	}
	return out, libraries
}

// worst tells of the first file of a part that is not as it should be, and how many more there are.
func worst(st parts.Status) string {
	var bad []parts.FileStatus
	for _, f := range append(st.Files, st.Made...) {
		if f.State != parts.Present {
			bad = append(bad, f)
		}
	}
	text := fmt.Sprintf("%s is %s", bad[0].Path, bad[0].State)
	if bad[0].Why != "" {
		text += " (" + bad[0].Why + ")"
	}
	if len(bad) > 1 {
		text += fmt.Sprintf(", and %d more", len(bad)-1)
	}
	return text
}

// checkLibraries loads the libraries, as serve would; whole says that they are what models.lock lists, without which
// loading them could end this process.
func checkLibraries(dirs *folders, whole bool) []finding {
	const remedy = "omnilive models fetch, or name another folder with --lib-dir"
	if !whole {
		return []finding{{fail, "libllama, ggml and ONNX Runtime are not tried: they are not whole", remedy}}
	}
	out := []finding{{verdict: fine, what: "libllama " + llama.Build + " and ggml load"}}
	if err := llama.Open(dirs.llama()); err != nil {
		out[0] = finding{fail, oneLine(err), remedy}
	} else {
		out = append(out, checkDevices()...)
	}
	if err := onnx.Open(filepath.Join(dirs.lib, small.RuntimeLib)); err != nil {
		return append(out, finding{fail, oneLine(err), remedy})
	}
	return append(out, finding{verdict: fine, what: "ONNX Runtime " + onnx.Version() + " loads"})
}

// checkDevices lists what the networks can run on, by the names that --place takes.
func checkDevices() []finding {
	devices, err := ggml.Devices()
	if err != nil {
		return []finding{{fail, oneLine(err), ""}}
	}
	var out []finding
	for _, d := range devices {
		out = append(out, finding{verdict: fine, what: fmt.Sprintf("device %s: %s (%s), %d of %d MB free", d.Name, d.Description, d.Driver, d.Free>>20, d.Total>>20)})
	}
	return out
}

// checkPorts tries to listen where serve would: the page on TCP, media on UDP and TCP of one number.
func checkPorts(address string, mediaPort int) []finding {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return []finding{{fail, "address " + address + ": " + oneLine(err), "want host:port"}}
	}
	media := net.JoinHostPort(host, strconv.Itoa(mediaPort))
	out := []finding{checkTCP("page", address), checkUDP(media)}
	if mediaPort != 0 {
		out = append(out, checkTCP("media", media))
	}
	return out
}

const portRemedy = "end what uses the port, or serve with another --listen or --media-port"

func checkTCP(what, address string) finding {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return finding{fail, what + " on TCP " + address + ": " + oneLine(err), portRemedy}
	}
	_ = l.Close()
	return finding{verdict: fine, what: what + " on TCP " + address + ": free"}
}

func checkUDP(address string) finding {
	p, err := net.ListenPacket("udp", address)
	if err != nil {
		return finding{fail, "media on UDP " + address + ": " + oneLine(err), portRemedy}
	}
	_ = p.Close()
	return finding{verdict: fine, what: "media on UDP " + address + ": free"}
}

// checkPrograms looks for the programs that are called, none of which a call in English needs.
func checkPrograms(ctx context.Context) []finding {
	programs := []struct {
		args         []string
		what, remedy string
	}{
		{[]string{"espeak-ng", "--version"}, "espeak-ng, the voice of languages other than English", "apt-get install espeak-ng"},
		{[]string{"python3", "-m", "pip", "--version"}, "Python's pip, which fetches model parts", "apt-get install python3-pip"},
		{[]string{"npm", "--version"}, "npm, which fetches libllama", "apt-get install npm"},
	}
	var out []finding
	for _, p := range programs {
		f := finding{fine, p.what, p.remedy}
		if err := exec.CommandContext(ctx, p.args[0], p.args[1:]...).Run(); err != nil {
			f.verdict, f.what = warn, "no "+p.what
		}
		out = append(out, f)
	}
	return out
}

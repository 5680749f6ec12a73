package main

import (
	"bytes"
	"errors"
	"flag"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func newFlags(name string) *flag.FlagSet { return flag.NewFlagSet(name, flag.ContinueOnError) }

func TestMemoryVerdicts(t *testing.T) {
	tests := []struct {
		text string
		want verdict
		say  string
	}{
		{"MemTotal: 1\nMemAvailable:   24000000 kB\n", fine, "23437 MB"},
		{"MemAvailable: 1000000 kB\n", warn, "--model tiny"},
		{"MemAvailable: 100000 kB\n", fail, "600 MB"},
		{"MemFree: 7 kB\n", warn, "no line MemAvailable"},
		{"MemAvailable: lots kB\n", warn, "invalid syntax"},
	}
	for _, tt := range tests {
		path := filepath.Join(t.TempDir(), "meminfo")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		f := checkMemory(path)
		if f.verdict != tt.want || !strings.Contains(f.what+f.remedy, tt.say) {
			t.Errorf("%q: %+v, want %s with %q", tt.text, f, tt.want, tt.say)
		}
	}
}

func TestPortsInUseAreFound(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	for name, found := range map[string][]finding{
		"page":  checkPorts(l.Addr().String(), 0)[:1],
		"media": checkPorts("127.0.0.1:0", port)[2:],
	} {
		if found[0].verdict != fail || !strings.Contains(found[0].what, name+" on TCP") || found[0].remedy == "" {
			t.Errorf("a port in use by %s: %+v", name, found[0])
		}
	}
	if found := checkPorts("127.0.0.1:0", 0); len(found) != 2 || found[0].verdict != fine || found[1].verdict != fine {
		t.Errorf("any port: %+v", found)
	}
	if bad := checkPorts("nonsense", 0); bad[0].verdict != fail {
		t.Errorf("an address without a port: %+v", bad)
	}
}

func TestDoctorOnAnEmptyMachine(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	dir := t.TempDir()
	var out bytes.Buffer
	err := runDoctor(t.Context(), []string{"--models-dir", dir, "--lib-dir", dir, "--listen", "127.0.0.1:0"}, &out)
	if !errors.Is(err, errSick) {
		t.Errorf("got %v, want errSick: an exit status for scripts", err)
	}
	for _, want := range []string{
		"fail  whisper-base: ", "omnilive models fetch --set default", "are not tried",
		"no espeak-ng", "apt-get install espeak-ng", "no Python's pip", "no npm", "open files allowed",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, out.String())
		}
	}
}

func TestDoctorRefusesToLoadABrokenLibrary(t *testing.T) {
	found := checkLibraries(&folders{lib: t.TempDir(), variant: "cpu"}, true)
	for _, f := range found {
		if f.verdict != fail || f.remedy == "" {
			t.Errorf("an empty lib folder: %+v", f)
		}
	}
}

func TestReportAlignsAndFails(t *testing.T) {
	var out bytes.Buffer
	if err := report(&out, []finding{{fine, "a", "x"}, {warn, "b", "do this"}}); err != nil {
		t.Errorf("warnings alone: %v", err)
	}
	if got, want := out.String(), "ok    a\nwarn  b\n        → do this\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHealth(t *testing.T) {
	status := http.StatusOK
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte("loading the model"))
	})
	for name, s := range map[string]*httptest.Server{"http": httptest.NewServer(h), "https": httptest.NewTLSServer(h)} {
		s.Config.ErrorLog = nil
		ask := func() error {
			return runHealth(t.Context(), []string{"--address", s.Listener.Addr().String()}, &bytes.Buffer{})
		}
		status = http.StatusOK
		if err := ask(); err != nil {
			t.Errorf("%s, ready: %v", name, err)
		}
		status = http.StatusServiceUnavailable
		if err := ask(); err == nil || !strings.Contains(err.Error(), "503") || !strings.Contains(err.Error(), "loading the model") {
			t.Errorf("%s, not ready: %v", name, err)
		}
		s.Close()
		if err := ask(); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("%s, gone: %v", name, err)
		}
	}
}

func TestHealthTrustsOnlyLoopback(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1:1": true, "[::1]:1": true, "localhost:1": true, "192.0.2.1:1": false, "example.org:443": false, "": false} {
		if got := loopbackTLS(address).InsecureSkipVerify; got != want {
			t.Errorf("%q: skips verification %v, want %v", address, got, want)
		}
	}
}

package onnx

import (
	"fmt"
	"os"
	"slices"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// Options of a Session. The zero value works.
type Options struct {
	Threads int      // threads inside one operator; 0 means 1, which is the caller's own thread
	Inputs  []string // names in the order Run takes them; empty means all, in the model's order
	Outputs []string // names in the order Run returns them; empty means all
}

// An Info describes one input or output of a network.
type Info struct {
	Name  string
	Type  string // "float32", "int32", "int64", "uint8"; another word for types this package does not carry
	Shape []int  // -1 where the size is free; nil for a scalar and where the model does not say

	anyRank bool // the model does not say
}

// A Session is one loaded network.
type Session struct {
	path    string
	inputs  []Info
	outputs []Info

	mu       sync.RWMutex // held for reading by every run, for writing by Close
	session  *ort.DynamicAdvancedSession
	bindings map[*Binding]struct{}
	bound    sync.Mutex // guards bindings
}

// NewSession loads the network in the file at path. Open must have succeeded before. It returns an error naming the
// file where it is missing or broken, or lacks one of the wanted inputs and outputs.
func NewSession(path string, o Options) (*Session, error) {
	if err := checkFile("network", path); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load network: %w", err)
	}
	return NewSessionFromBytes(path, data, o)
}

// NewSessionFromBytes is NewSession for a network in memory; name stands for it in errors. data is not kept.
func NewSessionFromBytes(name string, data []byte, o Options) (*Session, error) {
	if !isOpen() {
		return nil, fmt.Errorf("load %s: ONNX Runtime is not open: call onnx.Open first", name)
	}
	if len(data) == 0 {
		return nil, fmt.Errorf("load %s: the network is empty", name)
	}
	s := &Session{path: name, bindings: make(map[*Binding]struct{})}
	if err := s.introspect(data, o); err != nil {
		return nil, fmt.Errorf("load %s: %w", name, err)
	}
	if err := s.load(data, o); err != nil {
		return nil, fmt.Errorf("load %s: %w", name, err)
	}
	return s, nil
}

// introspect reads what goes in and out and puts it into the wanted order.
func (s *Session) introspect(data []byte, o Options) error {
	in, out, err := readHeader(data)
	if err != nil {
		return err
	}
	if s.inputs, err = pick("input", in, o.Inputs); err != nil {
		return err
	}
	s.outputs, err = pick("output", out, o.Outputs)
	return err
}

func (s *Session) load(data []byte, o Options) error {
	so, err := sessionOptions(max(o.Threads, 1))
	if err != nil {
		return err
	}
	defer so.Destroy()
	s.session, err = ort.NewDynamicAdvancedSessionWithONNXData(data, names(s.inputs), names(s.outputs), so)
	return err
}

func sessionOptions(threads int) (*ort.SessionOptions, error) {
	so, err := ort.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("session options: %w", err)
	}
	for _, err := range []error{
		so.SetIntraOpNumThreads(threads),
		so.SetInterOpNumThreads(1),
		so.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll),
		so.SetLogSeverityLevel(ort.LoggingLevelFatal),
		so.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
		so.AddSessionConfigEntry("session.inter_op.allow_spinning", "0"),
	} {
		if err != nil {
			so.Destroy()
			return nil, fmt.Errorf("session options: %w", err)
		}
	}
	return so, nil
}

// pick puts the described inputs or outputs into the wanted order.
func pick(kind string, known []Info, want []string) ([]Info, error) {
	if len(want) == 0 {
		return known, nil
	}
	picked := make([]Info, 0, len(want))
	for _, name := range want {
		i := slices.IndexFunc(known, func(k Info) bool { return k.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no %s named %q, only %q", kind, name, names(known))
		}
		picked = append(picked, known[i])
	}
	return picked, nil
}

func names(list []Info) []string {
	n := make([]string, len(list))
	for i := range list {
		n[i] = list[i].Name
	}
	return n
}

// Inputs describes what Run takes, in order.
func (s *Session) Inputs() []Info { return slices.Clone(s.inputs) }

// Outputs describes what Run returns, in order.
func (s *Session) Outputs() []Info { return slices.Clone(s.outputs) }

// Metadata returns the text the model file holds under key, and whether it holds any.
func (s *Session) Metadata(key string) (string, bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.session == nil {
		return "", false, s.closed()
	}
	m, err := s.session.GetModelMetadata()
	if err != nil {
		return "", false, fmt.Errorf("metadata of %s: %w", s.path, err)
	}
	defer m.Destroy()
	text, ok, err := m.LookupCustomMetadataMap(key)
	if err != nil {
		return "", false, fmt.Errorf("metadata of %s: %w", s.path, err)
	}
	return text, ok, nil
}

// Close frees the network and the Bindings still open on it, after the runs under way. Later runs return an error.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		return
	}
	for b := range s.bindings {
		b.free()
	}
	clear(s.bindings)
	_ = s.session.Destroy() // never fails: it only releases
	s.session = nil
}

func (s *Session) closed() error { return fmt.Errorf("run %s: the session is closed", s.path) }

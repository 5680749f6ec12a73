package llama

/*
#include <stdlib.h>
#include "native.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/cgo"
	"sync"
	"unsafe"

	"omnilive/model/ggml"
)

// ModelOptions say how a file is loaded. The zero value maps it into memory and gives all layers to a GPU, if there is one.
type ModelOptions struct {
	NoMmap    bool               // read the file instead of mapping it
	CPUOnly   bool               // keep every layer on the processor
	Device    string             // one of ggml.Devices: all layers go there; empty means every GPU there is
	VocabOnly bool               // load the tokenizer and metadata only; no Engine can be made of it
	Progress  func(done float32) // called from 0 to 1 by the loading goroutine; nil: not called
}

// A Model is a GGUF file's weights and vocabulary. It never changes.
type Model struct {
	native, vocab unsafe.Pointer
	path          string
	nVocab, nEmbd int
	hasVocab      bool // false for a GGUF that carries a vocabulary's size but no vocabulary
	vocabOnly     bool

	mu      sync.Mutex
	engines int // engines in use
	closed  bool
}

// LoadModel loads a GGUF file. A missing, cut or damaged file gives an error that names it and what libllama said of it.
func LoadModel(path string, o ModelOptions) (*Model, error) {
	if err := isOpen(); err != nil {
		return nil, err
	}
	if err := checkMagic(path); err != nil {
		return nil, err
	}
	mode, layers := C.int32_t(1), C.int32_t(-1)
	if o.NoMmap {
		mode = 0
	}
	one, device, err := o.device()
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	if one && device == nil {
		layers = 0
	}
	h := cgo.NewHandle(o.Progress)
	defer h.Delete()
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	ggml.LastLog() // forget what others said
	native := C.native_load(p, mode, layers, C.bool(o.VocabOnly), C.uintptr_t(h), C.bool(one), device)
	if native == nil {
		return nil, fmt.Errorf("load %s: not a language model this build can run, or damaged (%s)", path, ggml.LastLog())
	}
	return describe(native, path, o)
}

// device returns the only GPU to use, nil for the processor; one is false where libllama chooses.
func (o ModelOptions) device() (one bool, gpu unsafe.Pointer, err error) {
	if o.CPUOnly || o.Device == "" {
		return o.CPUOnly, nil, nil
	}
	d, err := ggml.FindDevice(o.Device)
	if err != nil || d.Kind == ggml.CPU {
		return true, nil, err
	}
	return true, d.Handle(), nil
}

func describe(native unsafe.Pointer, path string, o ModelOptions) (*Model, error) {
	m := &Model{native: native, vocab: C.native_vocab(native), path: path, vocabOnly: o.VocabOnly}
	m.nVocab = int(C.native_n_vocab(m.vocab))
	m.nEmbd = int(C.native_n_embd(native))
	m.hasVocab = C.native_vocab_type(m.vocab) != 0
	if bool(C.native_has_encoder(native)) {
		C.native_model_free(native)
		return nil, fmt.Errorf("load %s: encoder-decoder models are not supported; choose a decoder-only model", path)
	}
	return m, nil
}

// checkMagic refuses what is plainly no GGUF before libllama sees it.
func checkMagic(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("load language model: %w", err)
	}
	defer f.Close()
	var magic [4]byte
	if _, err := io.ReadFull(f, magic[:]); err != nil || string(magic[:]) != "GGUF" {
		return fmt.Errorf("load %s: not a GGUF file; fetch it again with `omnilive models fetch`", path)
	}
	return nil
}

//export loadProgress
func loadProgress(done C.float, handle C.uintptr_t) {
	if f := cgo.Handle(handle).Value().(func(float32)); f != nil {
		f(float32(done))
	}
}

// Close frees the weights. It refuses while an Engine of this model is open; closing twice is allowed.
// Nothing else of the model may be used afterwards.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	if m.engines > 0 {
		return fmt.Errorf("close %s: %d engines still use it", m.path, m.engines)
	}
	m.closed = true
	C.native_model_free(m.native)
	return nil
}

// hold counts an engine in; release counts it out.
func (m *Model) hold() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errors.New("llama: the model is closed")
	}
	m.engines++
	return nil
}

func (m *Model) release() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.engines--
}

// Path is the file the model came from.
func (m *Model) Path() string { return m.path }

// NVocab is the number of token ids, 0 up to but not including it.
func (m *Model) NVocab() int { return m.nVocab }

// NEmbd is the length of one input embedding.
func (m *Model) NEmbd() int { return m.nEmbd }

// NLayer is the number of transformer blocks.
func (m *Model) NLayer() int { return int(C.native_n_layer(m.native)) }

// ContextTrained is how many positions the model was trained for.
func (m *Model) ContextTrained() int { return int(C.native_n_ctx_train(m.native)) }

// ChatTemplate is the GGUF's own jinja chat template, or "".
func (m *Model) ChatTemplate() string {
	if t := C.native_chat_template(m.native); t != nil {
		return C.GoString(t)
	}
	return ""
}

// Metadata returns one value of the GGUF's header as text, and whether it is there.
// Arrays are not returned.
func (m *Model) Metadata(key string) (string, bool) {
	k := C.CString(key)
	defer C.free(unsafe.Pointer(k))
	return text(func(out *C.char, n C.size_t) C.int32_t { return C.native_meta(m.native, k, out, n) })
}

// MetadataKeys lists the keys of the GGUF's header.
func (m *Model) MetadataKeys() []string {
	keys := make([]string, 0, int(C.native_meta_count(m.native)))
	for i := range cap(keys) {
		key, ok := text(func(out *C.char, n C.size_t) C.int32_t { return C.native_meta_key(m.native, C.int32_t(i), out, n) })
		if ok {
			keys = append(keys, key)
		}
	}
	return keys
}

// text calls read with a growing buffer; read returns the whole length, snprintf's way, or less than 0.
func text(read func(*C.char, C.size_t) C.int32_t) (string, bool) {
	buf := make([]byte, 256)
	for {
		n := int(read((*C.char)(unsafe.Pointer(&buf[0])), C.size_t(len(buf))))
		if n < 0 {
			return "", false
		}
		if n < len(buf) {
			return string(buf[:n]), true
		}
		buf = make([]byte, n+1)
	}
}

package verify

import (
	"fmt"
	"math"
	"strings"
	"time"

	"omnilive/model/ggml"
)

// Near compares values with the stored tensor of that name by the limit that tolerances.json has for it.
func (r *Run) Near(name string, got []float32) {
	limit, ok := r.tolerances[name]
	if !ok {
		r.Fail(fmt.Errorf("stored tensor %q has no tolerance", name))
		return
	}
	r.NearBy(name, got, limit)
}

// NearBy compares values with the stored tensor of that name.
func (r *Run) NearBy(name string, got []float32, limit float64) {
	r.Values(name, got, r.Floats(name), limit)
}

// Values compares values with others.
func (r *Run) Values(what string, got, want []float32, limit float64) {
	if r.err != nil {
		return
	}
	row := Row{What: what, Limit: limit}
	if len(got) != len(want) {
		row.Absolute, row.Note = math.Inf(1), fmt.Sprintf("%d values, want %d", len(got), len(want))
		r.add(row)
		return
	}
	largest := 0.0
	for i, g := range got {
		d := math.Abs(float64(g) - float64(want[i]))
		if !(d <= row.Absolute) { // so that a NaN counts
			row.Absolute = d
			if math.IsNaN(d) {
				row.Absolute, row.Note = math.Inf(1), fmt.Sprintf("value %d is %v", i, g)
			}
		}
		largest = max(largest, math.Abs(float64(want[i])))
	}
	if largest > 0 {
		row.Relative = row.Absolute / largest
	}
	if coarse := libllamaOnGPU * largest; coarse > limit && strings.HasSuffix(what, "logits") && r.onGPU() {
		row.Limit, row.Note = coarse, "libllama on a GPU"
	}
	row.Passed = row.Absolute <= row.Limit
	r.add(row)
}

// libllamaOnGPU is how far off libllama's logits may be on a GPU, as a part of the largest: its attention takes keys and
// values as f16 there, whatever they are kept as (2.7e-4 was measured with Vulkan).
const libllamaOnGPU = 1e-3

// Equal compares integers with the stored ones of that name.
func (r *Run) Equal(name string, got []int32) { r.Integers(name, got, r.Ints(name)) }

// Integers compares integers with others.
func (r *Run) Integers(what string, got, want []int32) { r.integers(what, got, want, nil, 0) }

// EqualBut compares codes with the stored ones of that name. One may differ where margin, how far the value before
// quantisation was from the edge, is under edge; the note says which ones do.
func (r *Run) EqualBut(name string, got []int32, margin []float32, edge float64) {
	r.integers(name, got, r.Ints(name), margin, edge)
}

func (r *Run) integers(what string, got, want []int32, margin []float32, edge float64) {
	if r.err != nil {
		return
	}
	row := Row{What: what, Passed: len(got) == len(want)}
	if !row.Passed {
		row.Absolute, row.Note = math.Inf(1), fmt.Sprintf("%d values, want %d", len(got), len(want))
		r.add(row)
		return
	}
	for i := range got {
		if got[i] == want[i] {
			continue
		}
		row.Absolute++
		if i < len(margin) && float64(margin[i]) < edge {
			row.Note += fmt.Sprintf("%d is %d, want %d, on the edge; ", i, got[i], want[i])
			continue
		}
		if row.Passed {
			row.Note += fmt.Sprintf("%d is %d, want %d; ", i, got[i], want[i])
		}
		row.Passed = false
	}
	r.add(row)
}

// Text compares strings.
func (r *Run) Text(what, got, want string) {
	row := Row{What: what, Passed: got == want}
	if !row.Passed {
		row.Absolute = 1
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		row.Note = fmt.Sprintf("from byte %d on %.40q, want %.40q", at, got[at:], want[at:])
	}
	r.add(row)
}

// Bytewise compares a picture with the stored bytes of that name; each byte may be off by so many levels.
func (r *Run) Bytewise(name string, got []byte, levels int) {
	want := r.Bytes(name)
	if r.err != nil {
		return
	}
	row := Row{What: name, Limit: float64(levels), Passed: len(got) == len(want)}
	if !row.Passed {
		row.Absolute, row.Note = math.Inf(1), fmt.Sprintf("%d bytes, want %d", len(got), len(want))
		r.add(row)
		return
	}
	off := 0
	for i := range got {
		if d := math.Abs(float64(got[i]) - float64(want[i])); d > 0 {
			off++
			row.Absolute = max(row.Absolute, d)
		}
	}
	row.Relative, row.Passed = row.Absolute/255, row.Absolute <= float64(levels)
	if off > 0 {
		row.Note = fmt.Sprintf("%d of %d bytes", off, len(got))
	}
	r.add(row)
}

// add counts a row and reports it.
func (r *Run) add(row Row) {
	now := time.Now()
	row.Folder, row.Time, r.last = r.name, now.Sub(r.last), now
	r.rows++
	if !row.Passed {
		r.failed++
	}
	if r.report != nil {
		r.report(row)
	}
}

func (r *Run) onGPU() bool {
	return r.Backend != nil && r.Backend.Device() != ggml.Processor && r.Backend.Device() != ggml.PlainProcessor
}

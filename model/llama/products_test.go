package llama

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// block32 is 32 weights in ggml's Q8_0 and Q4_0, by the format's description: a scale in f16, then numbers of 8 or 4 bits.
type block32 struct {
	scale   uint16 // f16
	numbers [32]int8
}

// A power of two from 1/8 to 1/2, in f16 and as a number.
func randomScale(r *rand.Rand) (uint16, float64) {
	exponent := r.IntN(3) - 3
	return uint16(exponent+15) << 10, math.Ldexp(1, exponent)
}

// Rows of activations times random matrices, with every number of rows that is computed in another way, equals plain loops.
func TestProducts(t *testing.T) {
	if !productsPossible() {
		t.Skip("this processor has no AVX-512 VNNI")
	}
	for _, packed := range []bool{false, true} {
		for _, rows := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 15, 16, 17, 33} {
			for _, threads := range []int{1, 3} {
				t.Run(fmt.Sprintf("packed=%v/rows=%d/threads=%d", packed, rows, threads), func(t *testing.T) { testProduct(t, packed, rows, threads) })
			}
		}
	}
}

func testProduct(t *testing.T, packed bool, rows, threads int) {
	const inputs, outputs = 96, 40
	r := rand.New(rand.NewPCG(uint64(rows), 1))
	in := make([]float32, rows*inputs)
	for i := range in {
		in[i] = float32(r.NormFloat64())
	}
	blocks, scales := randomBlocks(r, packed, outputs*inputs/32)
	encoded, stride := encodeQ8(blocks), inputs/32*34
	if packed {
		encoded, stride = packQ4(blocks, inputs/32), inputs/32*18
	}
	have := make([]float32, rows*outputs)
	multiply(encoded, stride, packed, in, inputs, have, outputs, threads)
	for row := range rows {
		for c := range outputs {
			want := plainProduct(in[row*inputs:][:inputs], blocks[c*inputs/32:][:inputs/32], scales[c*inputs/32:])
			if got := float64(have[row*outputs+c]); math.Abs(got-want) > 1e-4*max(1, math.Abs(want)) {
				t.Fatalf("row %d output %d is %v, want %v", row, c, got, want)
			}
		}
	}
}

func randomBlocks(r *rand.Rand, packed bool, n int) (blocks []block32, scales []float64) {
	for range n {
		var b block32
		var scale float64
		b.scale, scale = randomScale(r)
		for i := range b.numbers {
			if b.numbers[i] = int8(r.IntN(255) - 127); packed {
				b.numbers[i] = int8(r.IntN(16) - 8)
			}
		}
		blocks, scales = append(blocks, b), append(scales, scale)
	}
	return blocks, scales
}

// plainProduct rounds the activations to bytes, block by block, and multiplies.
func plainProduct(in []float32, blocks []block32, scales []float64) (sum float64) {
	for i, b := range blocks {
		most := float32(0)
		for _, v := range in[32*i:][:32] {
			most = max(most, float32(math.Abs(float64(v))))
		}
		whole := 0.0
		for j, v := range in[32*i:][:32] {
			whole += math.RoundToEven(float64(v*(127/most))) * float64(b.numbers[j])
		}
		sum += whole * scales[i] * roundHalf(most/127)
	}
	return sum
}

// roundHalf rounds a normal number to the 11 bits of an f16.
func roundHalf(v float32) float64 {
	fraction, exponent := math.Frexp(float64(v))
	return math.Ldexp(math.RoundToEven(fraction*2048), exponent-11)
}

func encodeQ8(blocks []block32) (out []byte) {
	for _, b := range blocks {
		out = binary.LittleEndian.AppendUint16(out, b.scale)
		for _, v := range b.numbers {
			out = append(out, byte(v))
		}
	}
	return out
}

// packQ4 lays eight outputs side by side as ggml does: their scales, then by eights of bytes, low halves the first 16 inputs.
func packQ4(blocks []block32, perRow int) (out []byte) {
	for group := range len(blocks) / perRow / 8 {
		for i := range perRow {
			block := func(output int) *block32 { return &blocks[(8*group+output)*perRow+i] }
			for output := range 8 {
				out = binary.LittleEndian.AppendUint16(out, block(output).scale)
			}
			for at := range 128 {
				n, input := &block(at/8%8).numbers, at/64*8+at%8
				out = append(out, byte(n[input])&15|byte(n[input+16])<<4)
			}
		}
	}
	return out
}

// Whole models with these products answer as they do with ggml's.
func TestProductsInAModel(t *testing.T) {
	openLibrarySet(t)
	if !productsPossible() {
		t.Skip("this processor has no AVX-512 VNNI")
	}
	plain := filepath.Join(t.TempDir(), "tiny.gguf")
	if err := os.WriteFile(plain, tinyGGUF(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, kind := range map[string]FileType{"q4_0": FileQ4_0, "q8_0": FileQ8_0} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name+".gguf")
			if err := Quantize(plain, path, kind, 1); err != nil {
				t.Fatal(err)
			}
			m, err := LoadModel(path, ModelOptions{NoMmap: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = m.Close() })
			for _, n := range []int{2, 5, 16, 31} {
				own, theirs := scoresOf(t, m, n, false), scoresOf(t, m, n, true)
				for i := range own {
					if d := math.Abs(float64(own[i] - theirs[i])); d > 2e-3 {
						t.Fatalf("%d positions: score %d is %v, and %v with ggml's products", n, i, own[i], theirs[i])
					}
				}
			}
		})
	}
}

// scoresOf is what follows n ids.
func scoresOf(t *testing.T, m *Model, n int, plain bool) []float32 {
	t.Helper()
	e := start(t, m, EngineOptions{Sequences: 1, ContextPerSequence: 64, Threads: 2, KVType: KVF32, FlashAttn: FlashOff, PlainProducts: plain})
	s := newSequence(t, e)
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(37*i) % tinyVocab
	}
	appendAll(t, s, ids)
	if e.rerouted() == plain {
		t.Fatalf("with plain=%v this package's products are used: %v", plain, e.rerouted())
	}
	return slices.Clone(s.Logits())
}

// 16-bit floats for processors without an instruction for them.
#ifndef OMNILIVE_GGML_HALF_H
#define OMNILIVE_GGML_HALF_H
#include <stdint.h>
#include <string.h>

// from_half returns the value of an f16, to_half the nearest f16 of a value.
static inline float from_half(uint16_t h) {
	uint32_t sign = (uint32_t)(h >> 15) << 31, rest = h & 0x7fff, bits = rest << 13;
	float f;
	memcpy(&f, &bits, 4);
	f *= 0x1p112f; // also right where the exponent is 0
	memcpy(&bits, &f, 4);
	if (rest >= 0x7c00) bits = 0x7f800000 | (rest & 0x3ff) << 13;
	bits |= sign;
	memcpy(&f, &bits, 4);
	return f;
}

static inline uint16_t to_half(float f) {
	uint32_t bits, sign;
	memcpy(&bits, &f, 4);
	sign = bits >> 16 & 0x8000;
	bits &= 0x7fffffff;
	if (bits >= 0x47800000) return sign | (bits > 0x7f800000 ? 0x7e00 : 0x7c00);
	if (bits < 0x38800000) { // below the smallest normal f16: let the adder round
		float small;
		memcpy(&small, &bits, 4);
		small += 0.5f;
		memcpy(&bits, &small, 4);
		return sign | (bits - 0x3f000000);
	}
	bits += 0xfff + (bits >> 13 & 1);
	return sign | (bits - 0x38000000) >> 13;
}

// to_brain returns the nearest bf16 of a value.
static inline uint16_t to_brain(float f) {
	uint32_t bits;
	memcpy(&bits, &f, 4);
	if ((bits & 0x7fffffff) > 0x7f800000) return bits >> 16 | 0x40;
	return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
#endif

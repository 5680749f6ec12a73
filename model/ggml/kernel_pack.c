#include "half.h"
#include "kernel_plan.h"
#include <math.h>

// The panel's width, and where it begins.
static int width_of(int p, int outputs) {
	int panel = kernels_panel();
	return outputs - p * panel > panel / 2 ? panel : panel / 2;
}

static int depth_of(int type, int inputs) {
	int step = type == type_q8_0 ? 32 : type == type_bf16 ? 2 : 1;
	return (inputs + step - 1) / step * step;
}

static size_t panel_at(int type, int p, int inputs, int taps) {
	return (size_t)p * taps * linear_bytes(type, depth_of(type, inputs), kernels_panel());
}

size_t kernels_packed(int type, int outputs, int inputs, int taps) {
	int last = (outputs - 1) / kernels_panel();
	return panel_at(type, last, inputs, taps) + taps * linear_bytes(type, depth_of(type, inputs), width_of(last, outputs));
}

static int nearest(float x) { return (int)(x + (x < 0 ? -0.5f : 0.5f)); }

// 32 inputs of each row: bytes of 128 + x/scale in fours, then the scales.
static void pack_bytes(const float *rows, size_t stride, int have, int n, int width, char *to) {
	uint8_t *q = (uint8_t *)to;
	uint16_t *scales = (uint16_t *)(void *)(to + 32 * width);
	for (int i = 0; i < width; i++) {
		const float *x = rows + i * stride;
		float top = 0;
		for (int j = 0; i < have && j < n; j++) top = fabsf(x[j]) > top ? fabsf(x[j]) : top;
		float scale = top / 127, by = scale > 0 ? 1 / scale : 0;
		scales[i] = to_half(scale);
		for (int j = 0; j < 32; j++) q[(j / 4 * width + i) * 4 + j % 4] = 128 + (i < have && j < n ? nearest(x[j] * by) : 0);
	}
}

static void pack_tap(int type, const float *rows, size_t stride, int have, int inputs, int width, char *to) {
	int depth = depth_of(type, inputs);
	float *wide = (float *)(void *)to;
	uint16_t *half = (uint16_t *)(void *)to;
	if (type == type_q8_0) {
		for (int j = 0; j < depth; j += 32, to += 34 * width) pack_bytes(rows + j, stride, have, inputs - j < 32 ? inputs - j : 32, width, to);
		return;
	}
	for (int j = 0; j < depth; j++)
		for (int i = 0; i < width; i++) {
			float x = i < have && j < inputs ? rows[i * stride + j] : 0;
			if (type == type_f32) *wide++ = x;
			else if (type == type_f16) *half++ = to_half(x);
			else half[(j / 2 * width + i) * 2 + j % 2] = to_brain(x);
		}
}

void kernels_pack(int type, const float *rows, int p, int outputs, int inputs, int taps, void *panels) {
	int width = width_of(p, outputs), left = outputs - p * kernels_panel();
	char *to = (char *)panels + panel_at(type, p, inputs, taps);
	size_t tap = linear_bytes(type, depth_of(type, inputs), width);
	for (int t = 0; t < taps; t++) pack_tap(type, rows + (size_t)t * inputs, (size_t)taps * inputs, left < width ? left : width, inputs, width, to + t * tap);
}

void kernels_unpack(int type, const void *panels, int output, int outputs, int inputs, int taps, float *to) {
	int p = output / kernels_panel(), i = output % kernels_panel(), width = width_of(p, outputs);
	size_t tap = linear_bytes(type, depth_of(type, inputs), width);
	for (int t = 0; t < taps; t++) {
		const char *from = (const char *)panels + panel_at(type, p, inputs, taps) + t * tap;
		const uint16_t *half = (const uint16_t *)(const void *)from;
		for (int j = 0; j < inputs; j++) {
			if (type == type_f32) *to++ = ((const float *)(const void *)from)[(size_t)j * width + i];
			else if (type == type_f16) *to++ = from_half(half[(size_t)j * width + i]);
			else if (type == type_bf16) {
				uint32_t bits = (uint32_t)half[((size_t)(j / 2) * width + i) * 2 + j % 2] << 16;
				memcpy(to++, &bits, 4);
			} else {
				const char *block = from + (size_t)(j / 32) * 34 * width;
				uint16_t scale;
				memcpy(&scale, block + 32 * width + 2 * i, 2);
				*to++ = from_half(scale) * ((uint8_t)block[(j % 32 / 4 * width + i) * 4 + j % 4] - 128);
			}
		}
	}
}

// Functions over vectors of LANES floats; like every kernel_*.h included once per instruction set.

// e^x (Cephes' polynomial), for x up to 88; tiny results become 0.
static inline VEC NAME(exponential)(VEC x) {
	VEC low = SET(-87.0f);
	x = MAX(x, low);
	VEC n = ROUND(MUL(x, SET(1.44269504088896341f)));
	VEC r = FNMA(n, SET(0.693359375f), x);
	r = FNMA(n, SET(-2.12194440e-4f), r);
	VEC p = SET(1.9875691500e-4f);
	p = FMA(p, r, SET(1.3981999507e-3f));
	p = FMA(p, r, SET(8.3334519073e-3f));
	p = FMA(p, r, SET(4.1665795894e-2f));
	p = FMA(p, r, SET(1.6666665459e-1f));
	p = FMA(p, r, SET(5.0000001201e-1f));
	p = ADD(FMA(MUL(p, r), r, r), SET(1.0f));
	return POW2(p, n);
}

// x·Φ(x), the error function after Abramowitz and Stegun 7.1.26 (1.5e-7).
static inline VEC NAME(gelu)(VEC x) {
	VEC z = MUL(ABS(x), SET(0.70710678118654752f));
	VEC t = DIV(SET(1.0f), FMA(SET(0.3275911f), z, SET(1.0f)));
	VEC p = SET(1.061405429f);
	p = FMA(p, t, SET(-1.453152027f));
	p = FMA(p, t, SET(1.421413741f));
	p = FMA(p, t, SET(-0.284496736f));
	p = FMA(p, t, SET(0.254829592f));
	VEC tail = MUL(MUL(p, t), NAME(exponential)(SUB(SET(0.0f), MUL(z, z)))); // 1 - erf(z)
	VEC half = MUL(SET(0.5f), x);
	VEC erf = SUB(SET(1.0f), tail);
	return FMA(half, COPYSIGN(erf, x), half);
}

// 1 / (1 + e^-x), by the smaller of the two powers.
static inline VEC NAME(sigmoid)(VEC x) {
	VEC small = NAME(exponential)(SUB(SET(0.0f), ABS(x)));
	VEC of = DIV(SET(1.0f), ADD(SET(1.0f), small)); // of |x|
	VEC half = SET(0.5f);
	return ADD(half, COPYSIGN(SUB(of, half), x));
}

// x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2, which is x·sigmoid of twice the argument.
static inline VEC NAME(gelu_tanh)(VEC x) {
	VEC cubic = FMA(MUL(SET(0.044715f), MUL(x, x)), x, x);
	return MUL(x, NAME(sigmoid)(MUL(SET(1.5957691216057308f), cubic)));
}

static inline VEC NAME(act)(VEC v, int kind) {
	switch (kind) {
	case act_gelu: return NAME(gelu)(v);
	case act_gelu_tanh: return NAME(gelu_tanh)(v);
	case act_silu: return MUL(v, NAME(sigmoid)(v));
	case act_relu: return MAX(v, SET(0.0f));
	}
	return v;
}

// Adds r rows of x (step floats apart) times k inputs of a panel of f32 or f16 to acc. r, vectors (1 or 2, the width of
// the panel) and half are constants where this is inlined. Every output adds its products in the order of the inputs,
// however many rows there are: a row's result does not depend on its neighbours.
static inline __attribute__((always_inline)) void NAME(tile)(int r, int vectors, int half, const float *x, size_t step, const void *panel, int k, VEC *acc) {
	for (int j = 0; j < k; j++) {
		VEC a, b;
		if (half) {
			const uint16_t *w = (const uint16_t *)panel + (size_t)j * vectors * LANES;
			a = HALF(w);
			if (vectors > 1) b = HALF(w + LANES);
		} else {
			const float *w = (const float *)panel + (size_t)j * vectors * LANES;
			a = LOAD(w);
			if (vectors > 1) b = LOAD(w + LANES);
		}
#pragma GCC unroll 12
		for (int i = 0; i < r; i++) {
			VEC v = SET(x[i * step + j]);
			acc[vectors * i] = FMA(v, a, acc[vectors * i]);
			if (vectors > 1) acc[vectors * i + 1] = FMA(v, b, acc[vectors * i + 1]);
		}
	}
}

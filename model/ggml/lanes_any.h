// Vectors of four floats as the compiler makes them on any processor.
typedef float vec4 __attribute__((vector_size(16)));
static inline vec4 set4(float x) { return (vec4){x, x, x, x}; }
static inline vec4 load4(const float *p) { vec4 v; memcpy(&v, p, 16); return v; }
static inline void store4(float *p, vec4 v) { memcpy(p, &v, 16); }
static inline vec4 half4(const uint16_t *p) { return (vec4){from_half(p[0]), from_half(p[1]), from_half(p[2]), from_half(p[3])}; }
// The first and the second bf16 of each pair.
static inline vec4 brain4(const uint16_t *p, int at) {
	uint32_t bits[4];
	vec4 v;
	for (int i = 0; i < 4; i++) bits[i] = (uint32_t)p[2 * i + at] << 16;
	memcpy(&v, bits, 16);
	return v;
}
// One byte of each four, which stand 128 too high.
static inline vec4 byte4(const uint8_t *p, int at) {
	return (vec4){(float)p[at] - 128, (float)p[4 + at] - 128, (float)p[8 + at] - 128, (float)p[12 + at] - 128};
}
#define EACH(f) (vec4){f(0), f(1), f(2), f(3)}
static inline vec4 max4(vec4 a, vec4 b) {
#define F(i) (a[i] > b[i] ? a[i] : b[i])
	return EACH(F);
#undef F
}
static inline vec4 abs4(vec4 a) {
#define F(i) __builtin_fabsf(a[i])
	return EACH(F);
#undef F
}
static inline vec4 round4(vec4 a) {
#define F(i) __builtin_rintf(a[i])
	return EACH(F);
#undef F
}
static inline vec4 pow4(vec4 p, vec4 n) {
#define F(i) __builtin_ldexpf(p[i], (int)n[i])
	return EACH(F);
#undef F
}
static inline vec4 sign4(vec4 a, vec4 s) {
#define F(i) __builtin_copysignf(a[i], s[i])
	return EACH(F);
#undef F
}
static inline vec4 swap4(vec4 a) { return (vec4){a[1], a[0], a[3], a[2]}; }
static inline float most4(vec4 v) {
	float a = v[0] > v[1] ? v[0] : v[1], b = v[2] > v[3] ? v[2] : v[3];
	return a > b ? a : b;
}

#define NAME(x) x##_any
#define VEC vec4
#define LANES 4
#define MAXROWS 4
#define ALLROWS ROWS(1) ROWS(2) ROWS(3) ROWS(4)
#define SET(x) set4(x)
#define LOAD(p) load4(p)
#define STORE(p, v) store4(p, v)
#define HALF(p) half4(p)
#define TOHALF(x) to_half(x)
#define LOW(p) brain4(p, 0)
#define HIGH(p) brain4(p, 1)
#define BYTES(p, i) byte4(p, i)
#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define MUL(a, b) ((a) * (b))
#define DIV(a, b) ((a) / (b))
#define MAX(a, b) max4(a, b)
#define FMA(a, b, c) ((a) * (b) + (c))
#define FNMA(a, b, c) ((c) - (a) * (b))
#define ABS(a) abs4(a)
#define ROUND(a) round4(a)
#define POW2(p, n) pow4(p, n)
#define COPYSIGN(a, s) sign4(a, s)
#define SWAP(a) swap4(a)
#define REDUCE_ADD(v) ((v[0] + v[2]) + (v[1] + v[3]))
#define REDUCE_MAX(v) most4(v)

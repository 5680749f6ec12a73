// One thread's part of the activation; included once per instruction set. Rows lie channel by channel, so that a filter
// along time is a sum of the same stretch of memory at other offsets, whatever the number of channels: plain loops that
// the compiler turns into vectors.
enum { NAME(near) = 3, NAME(reach) = 5 };

// Doubles n places of one block: each phase has six of the twelve taps. x begins three rows of c before the first place.
static void NAME(snake_up)(const float *restrict x, int n, int c, const float *up, float *restrict even, float *restrict odd) {
	const float a = 2 * up[11], b = 2 * up[9], d = 2 * up[7], e = 2 * up[5], f = 2 * up[3], g = 2 * up[1];
	const float p = 2 * up[10], q = 2 * up[8], r = 2 * up[6], s = 2 * up[4], t = 2 * up[2], u = 2 * up[0];
	const float *restrict x1 = x + c, *restrict x2 = x + 2 * c, *restrict x3 = x + 3 * c, *restrict x4 = x + 4 * c, *restrict x5 = x + 5 * c, *restrict x6 = x + 6 * c;
	for (int i = 0; i < n; i++) {
		even[i] = a * x[i] + b * x1[i] + d * x2[i] + e * x3[i] + f * x4[i] + g * x5[i];
		odd[i] = p * x1[i] + q * x2[i] + r * x3[i] + s * x4[i] + t * x5[i] + u * x6[i];
	}
}

// v + gain·sin²(rate·v): the angle less the nearest multiple of pi, then sin² as a polynomial of its square (1e-9).
static void NAME(snake_bend)(float *restrict v, int n, const float *restrict rate, const float *restrict gain) {
	for (int i = 0; i < n; i++) {
		float y = v[i] * rate[i];
		float k = (y * 0.318309886f + 12582912.0f) - 12582912.0f; // to the nearest whole number
		float r = y - k * 3.140625f;
		r = r - k * 9.67502593994140625e-4f;
		r = r - k * 1.5099579897e-7f;
		r = r > 1.6f ? 1.6f : r; // so large an angle that nothing of it is known
		r = r < -1.6f ? -1.6f : r;
		float z = r * r, s = 8.133221740536101e-08f;
		s = s * z - 4.233659183228156e-06f;
		s = s * z + 1.4102377463132143e-04f;
		s = s * z - 3.1745433807373047e-03f;
		s = s * z + 4.444441944360733e-02f;
		s = s * z - 3.333333432674408e-01f;
		s = s * z + 1.0f;
		v[i] += gain[i] * (z * s);
	}
}

// Halves: even and odd begin three rows before the first place.
static void NAME(snake_down)(const float *restrict even, const float *restrict odd, int n, int c, const float *down, float *restrict out) {
	const float a = down[1], b = down[3], d = down[5], e = down[7], f = down[9], g = down[11];
	const float p = down[0], q = down[2], r = down[4], s = down[6], t = down[8], u = down[10];
	const float *restrict e1 = even + c, *restrict e2 = even + 2 * c, *restrict e3 = even + 3 * c, *restrict e4 = even + 4 * c, *restrict e5 = even + 5 * c, *restrict e6 = even + 6 * c;
	const float *restrict o1 = odd + c, *restrict o2 = odd + 2 * c, *restrict o3 = odd + 3 * c, *restrict o4 = odd + 4 * c, *restrict o5 = odd + 5 * c;
	for (int i = 0; i < n; i++)
		out[i] = a * e1[i] + b * e2[i] + d * e3[i] + e * e4[i] + f * e5[i] + g * e6[i] +
			p * odd[i] + q * o1[i] + r * o2[i] + s * o3[i] + t * o4[i] + u * o5[i];
}

// Rows from to to-1 of the result (counted as rows of x) for c channels from channel at on.
static void NAME(snake_block)(const snake_job *job, int at, int c, int from, int to) {
	enum { room = 4096, near = 3, most = 64 };
	float x[room], even[room], odd[room], rate[256 + most], gain[256 + most];
	int n = job->rows, all = job->channels, pattern = (256 / c) * c, skip = job->first ? 0 : NAME(reach);
	for (int i = 0; i < pattern; i++) rate[i] = job->rate[at + i % c], gain[i] = job->gain[at + i % c];
	int step = room / c - 4 * near;
	for (int row = from; row < to; row += step) {
		int m = to - row < step ? to - row : step, wide = (m + 2 * near) * c;
		for (int i = 0; i < m + 4 * near; i++) {
			int r = row - 2 * near + i;
			r = r < 0 ? 0 : r >= n ? n - 1 : r;
			memcpy(x + i * c, job->x + (size_t)r * all + at, (size_t)c * sizeof(float));
		}
		NAME(snake_up)(x, wide, c, job->up, even, odd);
		for (int i = 0; i < wide; i += pattern) {
			int part = wide - i < pattern ? wide - i : pattern;
			NAME(snake_bend)(even + i, part, rate, gain);
			NAME(snake_bend)(odd + i, part, rate, gain);
		}
		int zero = near - row, end = near - row + n; // where rows 0 and n lie in even and odd
		for (int i = 0; job->first && i < zero; i++) {
			memcpy(even + i * c, even + zero * c, (size_t)c * sizeof(float));
			memcpy(odd + i * c, even + zero * c, (size_t)c * sizeof(float));
		}
		for (int i = end; job->last && i < m + 2 * near; i++) {
			memcpy(even + i * c, odd + (end - 1) * c, (size_t)c * sizeof(float));
			memcpy(odd + i * c, odd + (end - 1) * c, (size_t)c * sizeof(float));
		}
		float *out = job->out + (size_t)(row - skip) * all + at;
		if (c == all) {
			NAME(snake_down)(even, odd, m * c, c, job->down, out);
			continue;
		}
		NAME(snake_down)(even, odd, m * c, c, job->down, x);
		for (int i = 0; i < m; i++) memcpy(out + (size_t)i * all, x + i * c, (size_t)c * sizeof(float));
	}
}

static void NAME(snake)(const snake_job *job, int thread, int threads) {
	int from = job->first ? 0 : NAME(reach), to = job->last ? job->rows : job->rows - NAME(reach), n = to - from;
	int begin = from + (int)((int64_t)n * thread / threads), end = from + (int)((int64_t)n * (thread + 1) / threads);
	if (begin >= end) return;
	if (job->channels <= 64) {
		NAME(snake_block)(job, 0, job->channels, begin, end);
		return;
	}
	for (int at = 0; at < job->channels; at += 32)
		NAME(snake_block)(job, at, job->channels - at < 32 ? job->channels - at : 32, begin, end);
}
#undef NAME

// One thread's part of the convolution; included once per instruction set. Some channels of some rows are summed at once, so
// that a row of weights, once read, serves several rows; these are loops of fixed length, which the compiler keeps in registers.
enum { NAME(wide) = 32, NAME(high) = 4 };

// Rows from..from+3, all of whose neighbours are there.
static void NAME(depthwise_inside)(const depthwise_job *j, int from, int channel) {
	float sum[NAME(high)][NAME(wide)] = {{0}};
	const float *x = j->x + (size_t)(from - j->left) * j->stride + channel, *w = j->w + channel;
	for (int k = 0; k < j->taps; k++, x += j->stride, w += j->channels)
		for (int r = 0; r < NAME(high); r++)
			for (int i = 0; i < NAME(wide); i++) sum[r][i] += w[i] * x[r * j->stride + i];
	for (int r = 0; r < NAME(high); r++)
		memcpy(j->out + (size_t)(from + r) * j->channels + channel, sum[r], sizeof sum[r]);
}

// One row of n channels, at most as many as above, wherever it is.
static void NAME(depthwise_row)(const depthwise_job *j, int row, int channel, int n) {
	float sum[NAME(wide)] = {0};
	for (int k = 0; k < j->taps; k++) {
		int at = row - j->left + k;
		if (at < 0 || at >= j->rows) continue;
		const float *x = j->x + (size_t)at * j->stride + channel, *w = j->w + (size_t)k * j->channels + channel;
		for (int i = 0; i < n; i++) sum[i] += w[i] * x[i];
	}
	memcpy(j->out + (size_t)row * j->channels + channel, sum, (size_t)n * sizeof *sum);
}

// Blocks of channels go round the threads, so that a short sound is shared as well.
static void NAME(depthwise)(const depthwise_job *j, int thread, int threads) {
	int right = j->taps - 1 - j->left;
	for (int channel = thread * NAME(wide); channel < j->channels; channel += threads * NAME(wide)) {
		int n = j->channels - channel < NAME(wide) ? j->channels - channel : NAME(wide);
		for (int row = 0; row < j->rows;) {
			if (n == NAME(wide) && row >= j->left && row + NAME(high) + right <= j->rows) {
				NAME(depthwise_inside)(j, row, channel);
				row += NAME(high);
			} else {
				NAME(depthwise_row)(j, row++, channel, n);
			}
		}
	}
}
#undef NAME

#include "calls.h"
#include <string.h>

void *call_table[calls];

static const char *const names[calls] = {
#define X(name, result, arguments) #name,
	CALLS(X)
#undef X
};

const char *call_name(int i) { return names[i]; }

ptr new_arena(void *memory, size_t size) {
	arena_params p = {size, memory, true};
	return CALL(ggml_init)(p);
}

// What ggml_threadpool_params holds, as found by filling it with 0xAA and having ggml set it up.
typedef struct {
	bool mask[512];
	int32_t threads, priority;
	uint32_t poll;
	bool strict, paused;
	char spare[512];
} pool_params;

// Makes a pool whose threads sleep between graphs. NULL: the layout is not the expected one, or no memory.
ptr new_pool(int threads) {
	pool_params p;
	memset(&p, 0xAA, sizeof p);
	CALL(ggml_threadpool_params_init)(&p, threads);
	if (p.threads != threads || p.priority != 0 || p.poll != 50 || p.strict || p.paused) return NULL;
	p.poll = 0;
	return CALL(ggml_threadpool_new)(&p);
}

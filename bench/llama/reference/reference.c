// The loop of llama.cpp's own benchmark (llama-bench: pp, tg) on the same libraries, as a process that answers commands:
//
//	reference LIBDIR MODEL.gguf THREADS
//	p 512   decode 512 tokens in one batch of an empty context
//	g 32    decode 32 tokens one after another behind them
//
// It prints the milliseconds of each. It is compiled by main.go.
#include "../../../model/llama/native.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void *open_first(const char *dir, const char *start) {
	DIR *d = opendir(dir);
	char path[4096] = "";
	for (struct dirent *e; d && (e = readdir(d));)
		if (strncmp(e->d_name, start, strlen(start)) == 0) snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
	if (d) closedir(d);
	void *lib = path[0] ? dlopen(path, RTLD_NOW | RTLD_GLOBAL) : NULL;
	if (!lib) fprintf(stderr, "reference: %s* in %s: %s\n", start, dir, path[0] ? dlerror() : "not there"), exit(1);
	return lib;
}

static void quiet(int level, const char *text, void *data) { (void)level, (void)text, (void)data; }

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

#define GET(lib, result, name, arguments) result(*name) arguments = (result(*) arguments)dlsym(lib, #name)

int main(int argc, char **argv) {
	if (argc != 4) return 2;
	open_first(argv[1], "libggml-base.");
	void *ggml = open_first(argv[1], "libggml.");
	void *llama = open_first(argv[1], "libllama.");
	GET(ggml, void, ggml_backend_load_all_from_path, (const char *));
	GET(llama, void, llama_log_set, (void *, void *));
	GET(llama, native_model_params, llama_model_default_params, (void));
	GET(llama, native_context_params, llama_context_default_params, (void));
	GET(llama, void *, llama_model_load_from_file, (const char *, native_model_params));
	GET(llama, void *, llama_init_from_model, (void *, native_context_params));
	GET(llama, int32_t, llama_decode, (void *, native_batch));
	GET(llama, void, llama_synchronize, (void *));
	GET(llama, native_batch, llama_batch_get_one, (int32_t *, int32_t));
	GET(llama, void *, llama_get_memory, (void *));
	GET(llama, void, llama_memory_clear, (void *, bool));
	llama_log_set((void *)quiet, NULL);
	ggml_backend_load_all_from_path(argv[1]);
	native_model_params mp = llama_model_default_params();
	mp.gpu_layers = 0;
	void *model = llama_model_load_from_file(argv[2], mp);
	native_context_params cp = llama_context_default_params();
	cp.n_ctx = 1024, cp.n_batch = 512, cp.n_ubatch = 512, cp.n_threads = cp.n_threads_batch = atoi(argv[3]);
	void *context = model ? llama_init_from_model(model, cp) : NULL;
	if (!context) return fprintf(stderr, "reference: cannot open %s\n", argv[2]), 1;
	char what;
	int n;
	int32_t tokens[512];
	while (printf("ready\n"), fflush(stdout), scanf(" %c %d", &what, &n) == 2 && n > 0 && n <= 512) {
		for (int i = 0; i < n; i++) tokens[i] = (i * 7919 + 11) % 32000;
		if (what == 'p') llama_memory_clear(llama_get_memory(context), true);
		double began = now();
		int code = 0;
		if (what == 'p') code = llama_decode(context, llama_batch_get_one(tokens, n));
		else
			for (int i = 0; i < n && !code; i++) code = llama_decode(context, llama_batch_get_one(&tokens[i], 1)), llama_synchronize(context);
		llama_synchronize(context);
		if (code) return fprintf(stderr, "reference: llama_decode gave %d\n", code), 1;
		printf("%.3f\n", now() - began);
	}
	return 0;
}

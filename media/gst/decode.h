// What decoding a file needs beside the calls of a live pipeline.
#ifndef OMNILIVE_DECODE_H
#define OMNILIVE_DECODE_H

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <stdint.h>

// What a decodebin has met in a file.
typedef struct {
	uint64_t most; // pixels of a picture that is let through
	int met;       // stream descriptions so far
	int audio, video, large;
} decode_seen;

// Watches which streams a decodebin meets, and keeps pictures of more than most pixels from being decoded. The result is
// freed with decode_forget when the pipeline has stopped.
decode_seen *decode_watch(void *decodebin, uint64_t most);
void decode_forget(decode_seen *seen);

// Asks the Go function behind handle for every buffer that leaves the element whether it goes on.
void decode_gate(void *element, uintptr_t handle);

// Has every sample of sink delivered with its format to the Go function behind handle; without data where whole is 0.
void decode_listen(void *sink, uintptr_t handle, int whole);

#endif

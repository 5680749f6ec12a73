// The two calls of a pipeline that run for every packet.
#ifndef OMNILIVE_HOT_H
#define OMNILIVE_HOT_H

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <stdint.h>

// Copies n bytes into a new buffer and gives it to src. A negative pts (in nanoseconds) leaves it unstamped.
int hot_push(void *src, const void *data, size_t n, int64_t pts);

// Ends the stream of src.
int hot_end(void *src);

// Has every sample of sink delivered to the Go sink function behind handle.
void hot_listen(void *sink, uintptr_t handle);

#endif

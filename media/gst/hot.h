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

// Makes a pad that feeds the sink pad of element, for data of the given caps, on the thread that pushes. NULL where the
// caps or the element do not fit. It is given back with hot_unfeed when the pipeline has stopped.
GstPad *hot_feed(void *element, const char *caps);
void hot_unfeed(GstPad *feed);

// Says what begins the stream. It comes after the pipeline is playing and before the first data.
int hot_begin(GstPad *feed);

// As hot_push, through a feed: what the data become has left the pipeline when it returns.
int hot_pass(GstPad *feed, const void *data, size_t n, int64_t pts);

// Tells a feed's element that data for so long are missing.
int hot_gap(GstPad *feed, int64_t pts, int64_t duration);

// Has every sample of sink delivered to the Go sink function behind handle.
void hot_listen(void *sink, uintptr_t handle);

#endif

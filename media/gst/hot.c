#include "hot.h"

#include "_cgo_export.h"

// stamped copies n bytes into a new buffer.
static GstBuffer *stamped(const void *data, size_t n, int64_t pts) {
	GstBuffer *b = gst_buffer_new_allocate(NULL, n, NULL);
	if (b == NULL) return NULL;
	gst_buffer_fill(b, 0, data, n);
	if (pts >= 0) GST_BUFFER_PTS(b) = (GstClockTime)pts;
	return b;
}

int hot_push(void *src, const void *data, size_t n, int64_t pts) {
	GstBuffer *b = stamped(data, n, pts);
	if (b == NULL) return GST_FLOW_ERROR;
	return gst_app_src_push_buffer(GST_APP_SRC(src), b); // takes the buffer
}

int hot_end(void *src) { return gst_app_src_end_of_stream(GST_APP_SRC(src)); }

// A feed has no element behind it: what comes back up the stream ends here.
static gboolean on_event(GstPad *pad, GstObject *parent, GstEvent *event) {
	(void)pad;
	(void)parent;
	gst_event_unref(event);
	return TRUE;
}

static gboolean on_query(GstPad *pad, GstObject *parent, GstQuery *query) {
	(void)pad;
	(void)parent;
	(void)query;
	return FALSE;
}

GstPad *hot_feed(void *element, const char *caps) {
	GstCaps *c = gst_caps_from_string(caps);
	if (c == NULL) return NULL;
	GstPad *sink = gst_element_get_static_pad(GST_ELEMENT(element), "sink");
	GstPad *feed = gst_object_ref_sink(gst_pad_new("feed", GST_PAD_SRC));
	gst_pad_set_event_function(feed, on_event);
	gst_pad_set_query_function(feed, on_query);
	gst_pad_set_element_private(feed, c);
	if (sink == NULL || !gst_pad_query_accept_caps(sink, c) || gst_pad_link(feed, sink) != GST_PAD_LINK_OK) {
		hot_unfeed(feed);
		feed = NULL;
	}
	if (sink != NULL) gst_object_unref(sink);
	return feed;
}

void hot_unfeed(GstPad *feed) {
	GstPad *sink = gst_pad_get_peer(feed);
	gst_pad_set_active(feed, FALSE);
	if (sink != NULL) {
		gst_pad_unlink(feed, sink);
		gst_object_unref(sink);
	}
	gst_caps_unref(gst_pad_get_element_private(feed));
	gst_object_unref(feed);
}

int hot_begin(GstPad *feed) {
	GstSegment time;
	gst_segment_init(&time, GST_FORMAT_TIME);
	return gst_pad_set_active(feed, TRUE) && gst_pad_push_event(feed, gst_event_new_stream_start("feed")) &&
	       gst_pad_push_event(feed, gst_event_new_caps(gst_pad_get_element_private(feed))) &&
	       gst_pad_push_event(feed, gst_event_new_segment(&time));
}

int hot_pass(GstPad *feed, const void *data, size_t n, int64_t pts) {
	GstBuffer *b = stamped(data, n, pts);
	if (b == NULL) return GST_FLOW_ERROR;
	return gst_pad_push(feed, b); // takes the buffer
}

int hot_gap(GstPad *feed, int64_t pts, int64_t duration) {
	return gst_pad_push_event(feed, gst_event_new_gap((GstClockTime)pts, (GstClockTime)duration)) ? GST_FLOW_OK : GST_FLOW_ERROR;
}

static GstFlowReturn on_sample(GstAppSink *sink, gpointer handle) {
	GstSample *s = gst_app_sink_try_pull_sample(sink, 0);
	if (s == NULL) return GST_FLOW_OK;
	GstBuffer *b = gst_sample_get_buffer(s); // borrowed from s
	GstMapInfo m;
	if (b != NULL && gst_buffer_map(b, &m, GST_MAP_READ)) {
		int64_t pts = GST_BUFFER_PTS_IS_VALID(b) ? (int64_t)GST_BUFFER_PTS(b) : -1;
		if (m.size > 0) hotSample((uintptr_t)handle, m.data, m.size, pts);
		gst_buffer_unmap(b, &m);
	}
	gst_sample_unref(s);
	return GST_FLOW_OK;
}

void hot_listen(void *sink, uintptr_t handle) {
	GstAppSinkCallbacks c = {0};
	c.new_sample = on_sample;
	gst_app_sink_set_callbacks(GST_APP_SINK(sink), &c, (gpointer)handle, NULL);
}

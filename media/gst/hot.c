#include "hot.h"

#include "_cgo_export.h"

int hot_push(void *src, const void *data, size_t n, int64_t pts) {
	GstBuffer *b = gst_buffer_new_allocate(NULL, n, NULL);
	if (b == NULL) return GST_FLOW_ERROR;
	gst_buffer_fill(b, 0, data, n);
	if (pts >= 0) GST_BUFFER_PTS(b) = (GstClockTime)pts;
	return gst_app_src_push_buffer(GST_APP_SRC(src), b); // takes the buffer
}

int hot_end(void *src) { return gst_app_src_end_of_stream(GST_APP_SRC(src)); }

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

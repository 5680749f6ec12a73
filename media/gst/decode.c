#include "decode.h"

#include "_cgo_export.h"

// Decodebin's autoplug-continue: called for every stream description on the way to raw samples. The first is that of the
// file itself.
static gboolean on_description(GstElement *bin, GstPad *pad, GstCaps *caps, gpointer data) {
	decode_seen *seen = data;
	gboolean file = g_atomic_int_add(&seen->met, 1) == 0;
	(void)pad;
	for (guint i = 0; i < gst_caps_get_size(caps); i++) {
		const GstStructure *s = gst_caps_get_structure(caps, i);
		const char *name = gst_structure_get_name(s);
		gint w = 0, h = 0;
		if (!file && g_str_has_prefix(name, "audio/")) g_atomic_int_set(&seen->audio, 1);
		if (!file && g_str_has_prefix(name, "video/")) g_atomic_int_set(&seen->video, 1);
		if (!gst_structure_get_int(s, "width", &w) || !gst_structure_get_int(s, "height", &h)) continue;
		if (w > 0 && h > 0 && (uint64_t)w * (uint64_t)h > seen->most) {
			g_atomic_int_set(&seen->large, 1);
			GST_ELEMENT_ERROR(bin, STREAM, DECODE, ("a picture of %d x %d", w, h), (NULL));
			return FALSE;
		}
	}
	return TRUE;
}

decode_seen *decode_watch(void *decodebin, uint64_t most) {
	decode_seen *seen = g_new0(decode_seen, 1);
	seen->most = most;
	g_signal_connect(decodebin, "autoplug-continue", G_CALLBACK(on_description), seen);
	return seen;
}

void decode_forget(decode_seen *seen) { g_free(seen); }

static GstPadProbeReturn on_buffer(GstPad *pad, GstPadProbeInfo *info, gpointer handle) {
	(void)pad;
	(void)info;
	return decodeKeep((uintptr_t)handle) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

void decode_gate(void *element, uintptr_t handle) {
	GstPad *pad = gst_element_get_static_pad(GST_ELEMENT(element), "src");
	if (pad == NULL) return;
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, (gpointer)handle, NULL);
	gst_object_unref(pad);
}

// deliver hands a sample on and tells whether more are wanted.
static int deliver(uintptr_t handle, GstSample *s, gboolean whole) {
	GstBuffer *b = gst_sample_get_buffer(s); // borrowed from s, as are the caps
	GstCaps *caps = gst_sample_get_caps(s);
	gint w = 0, h = 0, rate = 0, channels = 0, num = 0, den = 0;
	if (b == NULL || caps == NULL || gst_caps_get_size(caps) == 0) return 1;
	const GstStructure *f = gst_caps_get_structure(caps, 0);
	gst_structure_get_int(f, "width", &w);
	gst_structure_get_int(f, "height", &h);
	gst_structure_get_int(f, "rate", &rate);
	gst_structure_get_int(f, "channels", &channels);
	gst_structure_get_fraction(f, "framerate", &num, &den);
	int64_t pts = GST_BUFFER_PTS_IS_VALID(b) ? (int64_t)GST_BUFFER_PTS(b) : -1;
	if (!whole) return decodeSample(handle, NULL, 0, pts, w, h, rate, channels, num, den);
	GstMapInfo m;
	if (!gst_buffer_map(b, &m, GST_MAP_READ)) return 1;
	int more = decodeSample(handle, m.data, m.size, pts, w, h, rate, channels, num, den);
	gst_buffer_unmap(b, &m);
	return more;
}

static GstFlowReturn take(GstAppSink *sink, gpointer handle, gboolean whole) {
	GstSample *s = gst_app_sink_try_pull_sample(sink, 0);
	if (s == NULL) return GST_FLOW_OK;
	int more = deliver((uintptr_t)handle, s, whole);
	gst_sample_unref(s);
	return more ? GST_FLOW_OK : GST_FLOW_EOS;
}

static GstFlowReturn on_whole(GstAppSink *sink, gpointer handle) { return take(sink, handle, TRUE); }

static GstFlowReturn on_stamp(GstAppSink *sink, gpointer handle) { return take(sink, handle, FALSE); }

void decode_listen(void *sink, uintptr_t handle, int whole) {
	GstAppSinkCallbacks c = {0};
	c.new_sample = whole ? on_whole : on_stamp;
	gst_app_sink_set_callbacks(GST_APP_SINK(sink), &c, (gpointer)handle, NULL);
}

package prompt

import "fmt"

func mime(kind string, number int, format, file string) string {
	return fmt.Sprintf(`<|mime_start|>{"id": "%s_%02d", "type": "%s", "filename": "%s"}<|mime_end|>`+"\n", kind, number, format, file)
}

func (w *writer) image(m Media) {
	w.own(mime("image", w.count.Image, "image/jpeg", "image.jpg") + "<|discrete_image_start|>")
	w.slot(ImageCodes, w.items.Image, m)
	w.own("<|discrete_image_end|>\n<|image_start|>")
	w.slot(ImageRows, w.items.Image, m)
	w.own("<|image_end|>")
	w.count.Image++
	w.items.Image++
}

func (w *writer) audio(m Media) {
	w.own(mime("audio", w.count.Audio, "audio/mpeg", "user_query.wav") +
		`<|audio_aux_start|>다음 중 audio_duration은 오디오 길이 정보입니다. 참고하여 답변하세요. {"audio_duration": "` +
		duration(m, audioPlaceholder) + `"}<|audio_aux_end|>` + "\n<|discrete_audio_start|>")
	w.slot(AudioCodes, w.items.Audio, m)
	w.own("<|discrete_audio_end|>\n<|audio_start|>")
	w.slot(AudioRows, w.items.Audio, m)
	w.own("<|audio_end|>")
	w.count.Audio++
	w.items.Audio++
}

func (w *writer) video(p Part) {
	w.own(mime("video", w.count.Video, "video/mp4", "video.mp4") +
		`<|video_aux_start|>다음 중 video_duration은 비디오 길이 정보입니다. 참고하여 답변하세요. {"video_duration": "` +
		duration(p.Media, videoPlaceholder) + `"}<|video_aux_end|>` + "\n<|video_start|>")
	w.slot(VideoRows, w.items.Video, p.Media)
	if p.Sound {
		w.slot(SoundRows, w.items.Video, p.Media)
	}
	w.own("<|video_end|>")
	w.count.Video++
	w.items.Video++
}

func duration(m Media, placeholder string) string {
	if m.Duration == "" {
		return placeholder
	}
	return m.Duration
}

func (w *writer) slot(s Slot, item int, m Media) {
	w.segments = append(w.segments, Segment{Slot: s, Item: item, Media: m})
}

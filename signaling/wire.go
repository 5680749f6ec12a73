package signaling

// The server's messages, one struct each, spelled as in the OpenAI Realtime API (GA). A pointer without omitempty is a
// field that is null on the wire while it is unknown.

// A message is anything that goes out on the events channel.
type message interface{ stamp(id string) }

// head is what every message begins with.
type head struct {
	EventID string `json:"event_id"`
	Type    string `json:"type"`
}

func (h *head) stamp(id string) { h.EventID = id }

// place says which content of which response a message is about. A message has one content.
type place struct {
	ResponseID   string `json:"response_id"`
	ItemID       string `json:"item_id"`
	OutputIndex  int    `json:"output_index"`
	ContentIndex int    `json:"content_index"`
}

type (
	// errorMessage: error.
	errorMessage struct {
		head
		Error wireError `json:"error"`
	}
	wireError struct {
		Type    string  `json:"type"`
		Code    *string `json:"code"`
		Message string  `json:"message"`
		Param   *string `json:"param"`
		EventID *string `json:"event_id"`
	}
	// sessionMessage: session.created, session.updated.
	sessionMessage struct {
		head
		Session wireSession `json:"session"`
	}
	// speechStarted: input_audio_buffer.speech_started.
	speechStarted struct {
		head
		AudioStartMS int64  `json:"audio_start_ms"`
		ItemID       string `json:"item_id"`
	}
	// speechStopped: input_audio_buffer.speech_stopped.
	speechStopped struct {
		head
		AudioEndMS int64  `json:"audio_end_ms"`
		ItemID     string `json:"item_id"`
	}
	// committed: input_audio_buffer.committed.
	committed struct {
		head
		PreviousItemID *string `json:"previous_item_id"`
		ItemID         string  `json:"item_id"`
	}
	// bare: input_audio_buffer.cleared, which says nothing but its name.
	bare struct{ head }
	// itemMessage: conversation.item.added, conversation.item.done.
	itemMessage struct {
		head
		PreviousItemID *string  `json:"previous_item_id"`
		Item           wireItem `json:"item"`
	}
	// itemRetrieved: conversation.item.retrieved.
	itemRetrieved struct {
		head
		Item wireItem `json:"item"`
	}
	// itemTruncated: conversation.item.truncated.
	itemTruncated struct {
		head
		ItemID       string `json:"item_id"`
		ContentIndex int    `json:"content_index"`
		AudioEndMS   int64  `json:"audio_end_ms"`
	}
	// transcriptionDelta: conversation.item.input_audio_transcription.delta.
	transcriptionDelta struct {
		head
		ItemID       string `json:"item_id"`
		ContentIndex int    `json:"content_index"`
		Delta        string `json:"delta"`
	}
	// transcriptionCompleted: conversation.item.input_audio_transcription.completed.
	transcriptionCompleted struct {
		head
		ItemID       string             `json:"item_id"`
		ContentIndex int                `json:"content_index"`
		Transcript   string             `json:"transcript"`
		Languages    []string           `json:"languages,omitempty"`
		Usage        transcriptionUsage `json:"usage"`
	}
	transcriptionUsage struct {
		Type         string `json:"type"` // tokens
		TotalTokens  int    `json:"total_tokens"`
		InputTokens  int    `json:"input_tokens"`
		InputDetails struct {
			TextTokens  int `json:"text_tokens"`
			AudioTokens int `json:"audio_tokens"`
		} `json:"input_token_details"`
		OutputTokens int `json:"output_tokens"`
	}
	// transcriptionFailed: conversation.item.input_audio_transcription.failed.
	transcriptionFailed struct {
		head
		ItemID       string     `json:"item_id"`
		ContentIndex int        `json:"content_index"`
		Error        plainError `json:"error"`
	}
	plainError struct {
		Type    string  `json:"type"`
		Code    *string `json:"code"`
		Message string  `json:"message"`
		Param   *string `json:"param"`
	}
	// responseMessage: response.created, response.done.
	responseMessage struct {
		head
		Response wireResponse `json:"response"`
	}
	// outputItem: response.output_item.added, response.output_item.done.
	outputItem struct {
		head
		ResponseID  string   `json:"response_id"`
		OutputIndex int      `json:"output_index"`
		Item        wireItem `json:"item"`
	}
	// contentPart: response.content_part.added, response.content_part.done.
	contentPart struct {
		head
		place
		Part wirePart `json:"part"`
	}
	// delta: response.output_audio_transcript.delta, response.output_text.delta.
	delta struct {
		head
		place
		Delta string `json:"delta"`
	}
	// audioDone: response.output_audio.done.
	audioDone struct {
		head
		place
	}
	// transcriptDone: response.output_audio_transcript.done.
	transcriptDone struct {
		head
		place
		Transcript string `json:"transcript"`
	}
	// textDone: response.output_text.done.
	textDone struct {
		head
		place
		Text string `json:"text"`
	}
	// argumentsDelta: response.function_call_arguments.delta.
	argumentsDelta struct {
		head
		callPlace
		Delta string `json:"delta"`
	}
	// argumentsDone: response.function_call_arguments.done.
	argumentsDone struct {
		head
		callPlace
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	}
	// callPlace says which call of which response a message is about.
	callPlace struct {
		ResponseID  string `json:"response_id"`
		ItemID      string `json:"item_id"`
		OutputIndex int    `json:"output_index"`
		CallID      string `json:"call_id"`
	}
	// outputBuffer: output_audio_buffer.started, .stopped, .cleared.
	outputBuffer struct {
		head
		ResponseID string `json:"response_id"`
	}
)

// Our own messages. Their names begin with omnilive; clients that do not know them leave them alone.
type (
	// turnLatency: omnilive.turn.latency, the split of one turn's wait in milliseconds.
	turnLatency struct {
		head
		ResponseID string  `json:"response_id"`
		Speculated bool    `json:"speculated"`
		Endpoint   float64 `json:"endpoint_ms"`
		Recognize  float64 `json:"recognize_ms"`
		Prefill    float64 `json:"prefill_ms"`
		FirstSound float64 `json:"first_sound_ms"`
		Pacer      float64 `json:"pacer_ms"`
		Total      float64 `json:"total_ms"`
	}
	// itemHeard: omnilive.item.heard, the words of a cut answer that were heard.
	itemHeard struct {
		head
		ItemID     string `json:"item_id"`
		AudioEndMS int64  `json:"audio_end_ms"`
		Transcript string `json:"transcript"`
	}
	// cameraSeen: omnilive.camera.seen.
	cameraSeen struct {
		head
		Text string `json:"text"`
	}
	// speechUnavailable: omnilive.speech.unavailable.
	speechUnavailable struct {
		head
		ResponseID string `json:"response_id"`
		Language   string `json:"language"`
	}
	// queueMessage: omnilive.queue, where a call that waits for its place stands.
	queueMessage struct {
		head
		Position      int   `json:"position"` // 1 is the next; 0 is inside
		EstimatedWait int64 `json:"estimated_wait_ms"`
	}
	// inputSilent: omnilive.input.silent.
	inputSilent struct {
		head
		Silent bool `json:"silent"`
	}
)

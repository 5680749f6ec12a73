// The events of a call as they stand on the data channel: the Realtime protocol's names, and our own under "omnilive.".
// Only the fields this page reads are named.

/** @typedef {{type: string, text?: string, transcript?: string | null}} Part */
/**
 * A message, a call of a function (name, arguments, call_id) or what came of one (call_id, output).
 * @typedef {{id: string, type?: string, role?: string, status?: string, content?: Part[], name?: string, arguments?: string, call_id?: string, output?: string}} Item
 */
/** @typedef {{id: string, status?: string, output?: Item[], status_details?: {reason?: string, error?: {message?: string}} | null}} Response */

/** @typedef {{sees?: boolean, draws?: boolean, clones?: boolean}} Abilities what the model can do beyond talking */
/** @typedef {string | {id?: string, reference?: string}} Voice a name, or a recording to speak like */

/**
 * @typedef {object} Session
 * @property {string} [model]
 * @property {string} [instructions]
 * @property {{output?: {voice?: Voice}}} [audio]
 * @property {{voices?: (string | {id: string, name?: string})[], model?: Abilities}} [omnilive]
 */

/**
 * The split of one turn's wait, in milliseconds. recognize, prefill and first_sound overlap the wait for the end of the
 * turn where the answer was begun early (speculated).
 * @typedef {object} Latency
 * @property {string} response_id
 * @property {number} endpoint_ms
 * @property {number} recognize_ms
 * @property {number} prefill_ms
 * @property {number} first_sound_ms
 * @property {number} pacer_ms
 * @property {number} total_ms
 * @property {boolean} speculated
 */

/** @typedef {{type: 'session.created' | 'session.updated', session: Session}} SessionEvent */
/** @typedef {{type: 'input_audio_buffer.speech_started' | 'input_audio_buffer.speech_stopped' | 'input_audio_buffer.committed', item_id: string}} SpeechEvent */
/** @typedef {{type: 'conversation.item.added' | 'conversation.item.done', item: Item, previous_item_id?: string | null}} ItemEvent */
/** @typedef {{type: 'conversation.item.truncated', item_id: string, audio_end_ms: number}} TruncatedEvent */
/** @typedef {{type: 'omnilive.item.heard', item_id: string, transcript: string}} CutEvent the words of a cut answer that were heard */
/** @typedef {{type: 'conversation.item.deleted', item_id: string}} DeletedEvent */
/** @typedef {{type: 'conversation.item.input_audio_transcription.delta', item_id: string, delta?: string}} HeardDelta */
/** @typedef {{type: 'conversation.item.input_audio_transcription.completed', item_id: string, transcript: string, languages?: string[]}} HeardWhole */
/** @typedef {{type: 'conversation.item.input_audio_transcription.failed', item_id: string, error?: {message?: string}}} HeardFailed */
/** @typedef {{type: 'response.created' | 'response.done', response: Response}} ResponseEvent */
/** @typedef {{type: 'response.output_item.added' | 'response.output_item.done', response_id: string, item: Item}} OutputItemEvent */
/** @typedef {{type: 'response.output_audio_transcript.delta' | 'response.output_text.delta', response_id: string, item_id: string, delta: string}} SaidDelta */
/** @typedef {{type: 'response.output_audio_transcript.done', response_id: string, item_id: string, transcript: string}} SaidWhole */
/** @typedef {{type: 'response.output_text.done', response_id: string, item_id: string, text: string}} WrittenWhole */
/** @typedef {{type: 'output_audio_buffer.started' | 'output_audio_buffer.stopped' | 'output_audio_buffer.cleared', response_id: string}} SoundEvent */
/** @typedef {{type: 'error', error: {type?: string, code?: string | null, message: string, event_id?: string | null}}} ErrorEvent */
/** @typedef {{type: 'omnilive.turn.latency'} & Latency} LatencyEvent */
/** @typedef {{type: 'omnilive.camera.seen', text: string}} SeenEvent */
/** @typedef {{type: 'omnilive.speech.unavailable', response_id: string, language: string}} TextOnlyEvent */
/** @typedef {{type: 'omnilive.input.silent', silent: boolean}} SilentEvent */
/** @typedef {{type: 'omnilive.queue', position: number, estimated_wait_ms: number}} QueueEvent position 0: the wait is over */
/** @typedef {{type: 'response.function_call_arguments.delta', item_id: string, call_id: string, delta: string}} ArgumentsDelta */
/** @typedef {{type: 'response.function_call_arguments.done', item_id: string, call_id: string, name?: string, arguments: string}} ArgumentsWhole */
/** @typedef {{type: 'omnilive.image.started', response_id?: string, image_id: string, width: number, height: number}} ImageStarted */
/** @typedef {{type: 'omnilive.image.progress', image_id: string, done: number, preview?: string}} ImageProgress done: 0 to 1; preview: a data URI */
/** @typedef {{type: 'omnilive.image.delta', image_id: string, index: number, delta: string}} ImageDelta a piece of the file, base64 */
/** @typedef {{type: 'omnilive.image.done', image_id: string, width: number, height: number, content_type: string, bytes: number}} ImageDone */
/** @typedef {{type: 'omnilive.image.failed', image_id: string, reason: 'cancelled' | 'failed', error?: {message?: string}}} ImageFailed */
/** @typedef {ImageStarted | ImageProgress | ImageDelta | ImageDone | ImageFailed} ImageEvent */

/**
 * @typedef {SessionEvent | SpeechEvent | ItemEvent | TruncatedEvent | CutEvent | DeletedEvent | HeardDelta | HeardWhole | HeardFailed |
 *   ResponseEvent | OutputItemEvent | SaidDelta | SaidWhole | WrittenWhole | SoundEvent | ErrorEvent |
 *   LatencyEvent | SeenEvent | TextOnlyEvent | SilentEvent | QueueEvent | ArgumentsDelta | ArgumentsWhole | ImageEvent} ServerEvent
 */

/** @typedef {{type: string, [field: string]: unknown}} ClientEvent */

/**
 * Reads one message of the channel. Null when it is none: the call goes on without it.
 * @param {unknown} data
 * @returns {ServerEvent | null}
 */
export function readEvent(data) {
  if (typeof data !== 'string') return null;
  try {
    const event = JSON.parse(data);
    return event && typeof event.type === 'string' ? event : null;
  } catch {
    return null;
  }
}

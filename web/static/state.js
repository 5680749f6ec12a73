// Who is doing what in the call, in words.

/** @typedef {import('./wire.js').ServerEvent} ServerEvent */
/** @typedef {'idle' | 'warming' | 'connecting' | 'waiting' | 'listening' | 'hearing' | 'thinking' | 'speaking' | 'muted' | 'shaky' | 'over'} Doing */

/** @type {Record<Doing, string>} */
export const stateWords = {
  idle: 'Ready when you are',
  warming: 'The model is warming up…',
  connecting: 'Connecting…',
  waiting: 'Waiting for a place…',
  listening: 'Listening',
  hearing: 'You are speaking',
  thinking: 'Thinking…',
  speaking: 'Speaking',
  muted: 'Your microphone is muted',
  shaky: 'The connection is shaky…',
  over: 'Call ended',
};

/**
 * How long a call still waits, in words; empty where it does not.
 * @param {{position: number, estimated_wait_ms: number} | null} queue
 */
export function waitWords(queue) {
  if (!queue || queue.position < 1) return '';
  const seconds = Math.round(queue.estimated_wait_ms / 1000);
  const about = seconds > 10 ? 5 * Math.round(seconds / 5) : seconds; // not another number every second
  return about > 0 ? `Waiting: place ${queue.position}, about ${about} s` : `Waiting: place ${queue.position}`;
}

/** Floor follows the events of a call and says who has the floor. */
export class Floor {
  #hearing = false;
  #awaiting = false;
  #responding = false;
  #sounding = false;

  /** Whether an answer is being made or heard. */
  get answering() {
    return this.#responding || this.#sounding;
  }

  /** Whether an answer is being made: the server has not closed it yet. */
  get responding() {
    return this.#responding;
  }

  /** @returns {'listening' | 'hearing' | 'thinking' | 'speaking'} */
  get doing() {
    if (this.#hearing) return 'hearing';
    if (this.#sounding) return 'speaking';
    if (this.#responding || this.#awaiting) return 'thinking';
    return 'listening';
  }

  /** @param {ServerEvent} event */
  apply(event) {
    switch (event.type) {
      case 'input_audio_buffer.speech_started':
        this.#hearing = true;
        break;
      case 'input_audio_buffer.speech_stopped':
        this.#hearing = false;
        this.#awaiting = !this.#sounding;
        break;
      case 'conversation.item.input_audio_transcription.completed':
        if (!event.transcript.trim()) this.#awaiting = false; // nothing was said: no answer will come
        break;
      case 'conversation.item.input_audio_transcription.failed':
        this.#awaiting = false;
        break;
      case 'response.created':
        this.#awaiting = false;
        this.#responding = true;
        break;
      case 'response.done':
        this.#responding = false;
        this.#awaiting = false;
        break;
      case 'output_audio_buffer.started':
        this.#sounding = true;
        break;
      case 'output_audio_buffer.stopped':
      case 'output_audio_buffer.cleared':
        this.#sounding = false;
    }
  }
}

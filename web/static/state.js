// Who is doing what in the call, in words.

/** @typedef {import('./wire.js').ServerEvent} ServerEvent */
/** @typedef {'idle' | 'warming' | 'connecting' | 'listening' | 'hearing' | 'thinking' | 'speaking' | 'muted' | 'shaky' | 'over'} Doing */

/** @type {Record<Doing, string>} */
export const stateWords = {
  idle: 'Ready when you are',
  warming: 'The model is warming up…',
  connecting: 'Connecting…',
  listening: 'Listening',
  hearing: 'You are speaking',
  thinking: 'Thinking…',
  speaking: 'Speaking',
  muted: 'Your microphone is muted',
  shaky: 'The connection is shaky…',
  over: 'Call ended',
};

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

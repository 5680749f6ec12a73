// The part of the settings where a recording to speak like is chosen.

import { byId } from './dom.js';
import { describe, Problem } from './problem.js';
import { longest, readReference, recordReference } from './reference.js';

/** @typedef {{uri: string, name: string, seconds: number}} Reference */

/** VoiceBox holds the recording while the dialog is open; nothing of it is stored. */
export class VoiceBox {
  #box = byId('reference', HTMLElement);
  #state = byId('reference-state', HTMLElement);
  #file = byId('reference-file', HTMLInputElement);
  #record = byId('reference-record', HTMLButtonElement);
  #remove = byId('reference-remove', HTMLButtonElement);
  /** @type {Reference | null} */
  #chosen = null;
  /** @type {AbortController | null} */
  #recording = null;

  constructor() {
    byId('reference-choose', HTMLButtonElement).addEventListener('click', () => this.#file.click());
    this.#file.addEventListener('change', () => {
      const [file] = this.#file.files ?? [];
      this.#file.value = '';
      if (file) this.#take(file.name, () => readReference(file));
    });
    this.#record.addEventListener('click', () => {
      if (this.#recording) this.#recording.abort();
      else this.#listen();
    });
    this.#remove.addEventListener('click', () => {
      this.set(null);
      this.#record.focus();
    });
  }

  get chosen() {
    return this.#chosen;
  }

  /** @param {Reference | null} reference */
  set(reference) {
    this.#chosen = reference;
    this.#state.textContent = reference ? `${reference.name}, ${reference.seconds.toFixed(1)} s` : 'None';
    this.#remove.hidden = !reference;
  }

  /** Ends a recording under way, which is then not taken. */
  close() {
    const recording = this.#recording;
    this.#recording = null;
    recording?.abort();
  }

  /** @param {boolean} offered */
  offer(offered) {
    this.#box.hidden = !offered;
  }

  async #listen() {
    const mine = (this.#recording = new AbortController());
    this.#record.textContent = 'Stop';
    try {
      await this.#take('Your recording', () => recordReference((seconds) => {
        if (this.#recording === mine) this.#record.textContent = `Stop (${longest - seconds} s left)`;
      }, mine.signal), () => this.#recording === mine);
    } finally {
      if (this.#recording === mine) this.#recording = null;
      this.#record.textContent = `Record ${longest} seconds`;
    }
  }

  /**
   * @param {string} name
   * @param {() => Promise<{uri: string, seconds: number}>} read
   * @param {() => boolean} [wanted] false: too late
   */
  async #take(name, read, wanted = () => true) {
    try {
      const { uri, seconds } = await read();
      if (wanted()) this.set({ uri, name, seconds });
    } catch (cause) {
      const { title, text } = describe(cause instanceof Problem ? cause : new Problem('recording'));
      this.#state.textContent = `${title}. ${text}`;
    }
  }
}

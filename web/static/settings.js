// What the caller may choose: the voice, the instructions, the key. Kept for the next call; a recording only until the page is closed.

import { byId, make } from './dom.js';
import { most } from './shrink.js';
import { VoiceBox } from './voicebox.js';

/** @typedef {import('./wire.js').Session} Session */
/** @typedef {import('./wire.js').ClientEvent} ClientEvent */

/** Settings is the dialog and what was chosen in it. */
export class Settings {
  #dialog = byId('settings', HTMLDialogElement);
  #voice = byId('voice', HTMLSelectElement);
  #instructions = byId('instructions', HTMLTextAreaElement);
  #key = byId('key', HTMLInputElement);
  #box = new VoiceBox();
  /** @type {import('./voicebox.js').Reference | null} */
  #reference = null;
  #told = ''; // the recording that this call speaks like
  #changed;
  #chosen = {
    voice: localStorage.getItem('voice') ?? '',
    instructions: localStorage.getItem('instructions') ?? '',
    key: sessionStorage.getItem('key') ?? '',
  };

  /** @param {() => void} changed called when something was saved */
  constructor(changed) {
    this.#changed = changed;
    const given = new URLSearchParams(location.hash.slice(1)).get('key');
    if (given) { // an address with #key=… brings its key along; it leaves the address bar at once
      this.#chosen.key = given;
      sessionStorage.setItem('key', given);
      history.replaceState(null, '', location.pathname + location.search);
    }
    byId('open-settings', HTMLButtonElement).addEventListener('click', () => this.open());
    this.#dialog.addEventListener('close', () => {
      this.#box.close();
      if (this.#dialog.returnValue === 'save') this.#save();
    });
  }

  get key() {
    return this.#chosen.key;
  }

  /** Opens the dialog as it was last saved. */
  open() {
    this.#offer(this.#chosen.voice);
    this.#voice.value = this.#chosen.voice;
    this.#instructions.value = this.#chosen.instructions;
    this.#key.value = this.#chosen.key;
    this.#box.set(this.#reference);
    this.#dialog.returnValue = '';
    this.#dialog.showModal();
  }

  /**
   * Learns from the session what there is to choose.
   * @param {Session} session
   */
  learn(session) {
    for (const voice of session.omnilive?.voices ?? []) {
      if (typeof voice === 'string') this.#offer(voice);
      else this.#offer(voice.id, voice.name);
    }
    const current = session.audio?.output?.voice;
    if (typeof current === 'string') this.#offer(current);
    this.#box.offer(session.omnilive?.model?.clones !== false);
    if (session.instructions) this.#instructions.placeholder = session.instructions;
  }

  /**
   * The settings that go with the offer: a recording, which is too large for the channel; null without one.
   * @returns {object | null}
   */
  opening() {
    this.#told = this.#reference?.uri ?? '';
    return this.#told ? { type: 'realtime', audio: { output: { voice: { reference: this.#told } } } } : null;
  }

  /**
   * The event that makes the session follow the choice; null when there is nothing to say.
   * @param {Session | null} session as it is now
   * @returns {ClientEvent | null}
   */
  update(session) {
    const { voice, instructions } = this.#chosen;
    /** @type {Record<string, unknown>} */
    const wanted = {};
    if (instructions && instructions !== session?.instructions) wanted.instructions = instructions;
    const speaker = this.#speaker(voice, session);
    if (speaker) wanted.audio = { output: { voice: speaker } };
    if (Object.keys(wanted).length === 0) return null;
    return { type: 'session.update', session: { type: 'realtime', ...wanted } };
  }

  /**
   * The voice to ask for, null where there is nothing to change. A long recording waits for the next call.
   * @param {string} name
   * @param {Session | null} session
   * @returns {import('./wire.js').Voice | null}
   */
  #speaker(name, session) {
    const uri = this.#reference?.uri ?? '';
    if (uri) {
      if (uri === this.#told || uri.length > most) return null;
      this.#told = uri;
      return { reference: uri };
    }
    const first = session?.omnilive?.voices?.[0];
    const wanted = name || (this.#told && typeof first === 'string' ? first : '');
    this.#told = '';
    return wanted && wanted !== session?.audio?.output?.voice ? wanted : null;
  }

  /**
   * @param {string} voice
   * @param {string} [name]
   */
  #offer(voice, name = voice) {
    if ([...this.#voice.options].some(({ value }) => value === voice)) return;
    const option = make('option', '', name);
    option.value = voice;
    this.#voice.append(option);
  }

  #save() {
    this.#reference = this.#box.chosen;
    this.#chosen = { voice: this.#voice.value, instructions: this.#instructions.value.trim(), key: this.#key.value.trim() };
    localStorage.setItem('voice', this.#chosen.voice);
    localStorage.setItem('instructions', this.#chosen.instructions);
    sessionStorage.setItem('key', this.#chosen.key);
    this.#changed();
  }
}

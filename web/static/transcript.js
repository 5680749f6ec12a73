// Both sides' words as they are said. What was not heard of an interrupted answer is visibly cut.

import { make } from './dom.js';
import { Functions } from './functions.js';
import { draw } from './latency.js';
import { Pictures } from './pictures.js';

/** @typedef {import('./wire.js').ServerEvent} ServerEvent */
/** @typedef {import('./wire.js').Item} Item */

/**
 * One message: its text so far, and how much of it was heard.
 * @typedef {object} Turn
 * @property {HTMLLIElement} line
 * @property {HTMLElement} words
 * @property {string} role
 * @property {string} text
 * @property {number} heard length of the heard text; Infinity unless cut
 */

/** @type {import('./pictures.js').Hooks} */
const noHooks = { cancel() {}, edit() {} };

/** A Transcript shows the conversation in a list. */
export class Transcript {
  /** @type {Map<string, Turn>} */
  #turns = new Map();
  /** @type {Map<string, string>} item of each response */
  #items = new Map();
  /** @type {Map<string, HTMLElement[]>} what came for a response before its item */
  #early = new Map();
  /** @type {string[]} pictures the user sent whose messages have not come back yet, as data URIs */
  #sent = [];
  #functions = new Functions();
  #pictures;
  #stuck = true; // to the newest line, which stays in sight when the form below grows
  #list;
  #frame;

  /**
   * @param {HTMLOListElement} list
   * @param {HTMLElement} frame what scrolls
   * @param {import('./pictures.js').Hooks} [hooks]
   */
  constructor(list, frame, hooks = noHooks) {
    this.#list = list;
    this.#frame = frame;
    this.#pictures = new Pictures(hooks);
    frame.addEventListener('scroll', () => { this.#stuck = this.#atBottom(); });
    new ResizeObserver(() => { if (this.#stuck) frame.scrollTop = frame.scrollHeight; }).observe(frame);
  }

  get empty() {
    return this.#list.childElementCount === 0;
  }

  /**
   * Takes a picture that the user sends; the server does not send it back with its message.
   * @param {string} picture a data URI
   */
  send(picture) {
    this.#sent.push(picture);
  }

  /** Forgets everything, for a new call. */
  clear() {
    this.#turns.clear();
    this.#items.clear();
    this.#early.clear();
    this.#sent = [];
    this.#functions.clear();
    this.#pictures.clear();
    this.#list.replaceChildren();
  }

  /** Marks the end of a call; unfinished words stay as they are. */
  close() {
    for (const { line } of this.#turns.values()) line.classList.remove('open');
    this.#functions.close();
    this.#pictures.close();
  }

  /** @param {ServerEvent} event */
  apply(event) {
    const stuck = this.#atBottom();
    this.#change(event);
    if (stuck) this.#frame.scrollTop = this.#frame.scrollHeight;
  }

  /** @param {ServerEvent} event */
  #change(event) {
    switch (event.type) {
      case 'input_audio_buffer.speech_started':
        return this.#open(event.item_id, 'user').line.classList.add('open');
      case 'conversation.item.added':
      case 'conversation.item.done':
        return this.#item(event.item, event.previous_item_id);
      case 'conversation.item.input_audio_transcription.delta':
        return this.#append(event.item_id, 'user', event.delta ?? '');
      case 'conversation.item.input_audio_transcription.completed':
        return this.#finish(event.item_id, event.transcript);
      case 'conversation.item.input_audio_transcription.failed':
        return this.#finish(event.item_id, '');
      case 'conversation.item.deleted':
        return this.#remove(event.item_id);
      case 'response.output_item.added':
        return event.item.role === 'assistant' ? this.#belongs(event.response_id, event.item) : this.#function(event.item);
      case 'response.output_item.done':
        return this.#function(event.item);
      case 'response.function_call_arguments.delta':
        return this.#functions.add(event.item_id, event.delta);
      case 'response.function_call_arguments.done':
        return this.#function({ ...event, id: event.item_id });
      case 'omnilive.image.started':
      case 'omnilive.image.progress':
      case 'omnilive.image.delta':
      case 'omnilive.image.done':
      case 'omnilive.image.failed':
        return this.#put(this.#pictures.apply(event));
      case 'response.output_audio_transcript.delta':
      case 'response.output_text.delta':
        return this.#append(event.item_id, 'assistant', event.delta);
      case 'response.output_audio_transcript.done':
        return this.#said(event.item_id, event.transcript);
      case 'response.output_text.done':
        return this.#said(event.item_id, event.text);
      case 'conversation.item.truncated':
        return this.#cut(event.item_id);
      case 'omnilive.item.heard':
        return this.#cut(event.item_id, event.transcript);
      case 'omnilive.turn.latency':
        return this.#attach(event.response_id, draw(event));
      case 'omnilive.speech.unavailable':
        return this.#attach(event.response_id, make('p', 'note', `There is no voice for this language (${languageName(event.language)}): it is text only.`));
    }
  }

  /**
   * @param {string} id
   * @param {string} role
   * @returns {Turn}
   */
  #open(id, role) {
    const known = this.#turns.get(id);
    if (known) return known;
    const line = make('li', `turn ${role}`);
    const words = make('p', 'words');
    line.append(make('p', 'who', role === 'user' ? 'You' : 'Model'), words);
    const turn = { line, words, role, text: '', heard: Infinity };
    this.#turns.set(id, turn);
    this.#list.append(line);
    return turn;
  }

  /**
   * @param {Item} item
   * @param {string | null} [previous]
   */
  #item(item, previous) {
    if (item.role !== 'user' && item.role !== 'assistant') return this.#function(item);
    const fresh = !this.#turns.has(item.id);
    const turn = this.#open(item.id, item.role);
    const before = previous ? this.#turns.get(previous) : undefined;
    if (fresh && before) before.line.after(turn.line);
    const text = (item.content ?? []).map((part) => part.text ?? part.transcript ?? '').join('');
    if (item.role === 'user') {
      if (fresh) this.#picture(turn, item);
      if (text) this.#write(turn, text);
      else turn.line.classList.toggle('open', !turn.line.classList.contains('shown'));
      return;
    }
    turn.line.classList.toggle('open', item.status === 'in_progress');
    if (item.status !== 'in_progress') this.#said(item.id, text);
  }

  /**
   * Shows the pictures of a user's message.
   * @param {Turn} turn
   * @param {Item} item
   */
  #picture(turn, item) {
    for (const { type } of item.content ?? []) {
      const source = type === 'input_image' && this.#sent.shift();
      if (!source) continue;
      const image = make('img', 'sent');
      Object.assign(image, { src: source, alt: 'Picture you sent' });
      turn.words.before(image);
      turn.line.classList.add('shown');
    }
  }

  /** @param {Item} item of a function's call, or of what came of it */
  #function(item) {
    if (item.type === 'function_call_output') this.#functions.answer(item.call_id ?? '', item.output ?? '');
    else if (item.type !== 'message' && item.call_id) this.#put(this.#functions.call(item));
  }

  /** @param {HTMLElement | null} line */
  #put(line) {
    if (line) this.#list.append(line);
  }

  /**
   * @param {string} id
   * @param {string} role
   * @param {string} delta
   */
  #append(id, role, delta) {
    const turn = this.#open(id, role);
    this.#write(turn, turn.text + delta);
  }

  /**
   * The user's words, now whole. Where nothing was understood nothing stays.
   * @param {string} id
   * @param {string} text
   */
  #finish(id, text) {
    const turn = this.#open(id, 'user');
    turn.line.classList.remove('open');
    if (!text.trim()) return this.#remove(id);
    this.#write(turn, text);
  }

  /**
   * The model's words, now whole. An interrupted answer's last word may be shorter than what was shown: the longer text
   * stays, and the cut falls where the shorter one ends.
   * @param {string} id
   * @param {string} text
   */
  #said(id, text) {
    const turn = this.#open(id, 'assistant');
    if (text.length >= turn.text.length) this.#write(turn, text);
    else if (turn.text.startsWith(text)) this.#write(turn, turn.text, text.length);
  }

  /**
   * Cuts an answer after the words that were heard.
   * @param {string} id
   * @param {string} [heard]
   */
  #cut(id, heard) {
    const turn = this.#turns.get(id);
    if (!turn || turn.role !== 'assistant') return;
    turn.line.classList.remove('open');
    turn.line.classList.add('interrupted');
    const length = heard !== undefined && turn.text.startsWith(heard) ? heard.trimEnd().length : turn.text.length;
    this.#write(turn, turn.text, Math.min(turn.heard, length));
  }

  /** @param {string} id */
  #remove(id) {
    this.#turns.get(id)?.line.remove();
    this.#turns.delete(id);
  }

  /**
   * @param {Turn} turn
   * @param {string} text
   * @param {number} [heard]
   */
  #write(turn, text, heard = turn.heard) {
    turn.text = text;
    turn.heard = heard;
    turn.words.replaceChildren(text.slice(0, heard));
    if (text.length > heard) turn.words.append(make('del', 'unheard', text.slice(heard)));
    if (turn.line.classList.contains('interrupted')) turn.words.append(make('span', 'cut', 'interrupted'));
  }

  /**
   * @param {string} response
   * @param {Item} item
   */
  #belongs(response, item) {
    this.#items.set(response, item.id);
    const { line } = this.#open(item.id, 'assistant');
    line.append(...(this.#early.get(response) ?? []));
    this.#early.delete(response);
  }

  /**
   * @param {string} response
   * @param {HTMLElement} note
   */
  #attach(response, note) {
    const turn = this.#turns.get(this.#items.get(response) ?? '');
    if (turn) turn.line.append(note);
    else this.#early.set(response, [...(this.#early.get(response) ?? []), note]);
  }

  #atBottom() {
    const { scrollTop, scrollHeight, clientHeight } = this.#frame;
    return scrollHeight - scrollTop - clientHeight < 48;
  }
}

/** @param {string} code */
function languageName(code) {
  try {
    return new Intl.DisplayNames(['en'], { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}

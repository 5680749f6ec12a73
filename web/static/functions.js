// Functions that the model calls: the name in the line, arguments and result behind it.

import { make } from './dom.js';

/** @typedef {import('./wire.js').Item} Item */
/** @typedef {{line: HTMLElement, name: HTMLElement, given: HTMLElement, result: HTMLElement}} Shown */

/** Functions shows the calls of one conversation. */
export class Functions {
  /** @type {Map<string, Shown>} by item */
  #shown = new Map();
  /** @type {Map<string, Shown>} by call_id */
  #calls = new Map();

  get empty() {
    return this.#shown.size === 0;
  }

  clear() {
    this.#shown.clear();
    this.#calls.clear();
  }

  /** Ends the wait for arguments and results that no longer come. */
  close() {
    for (const { line } of this.#shown.values()) line.classList.remove('open');
  }

  /**
   * Takes a call as far as it is known; returns its line where it is new.
   * @param {Item} item
   * @returns {HTMLElement | null}
   */
  call({ id, name, call_id: call, arguments: given, status }) {
    const known = this.#shown.get(id);
    const shown = known ?? this.#make(id);
    if (call) this.#calls.set(call, shown);
    if (name) shown.name.textContent = name;
    if (given) shown.given.textContent = readable(given);
    shown.line.classList.toggle('open', status === 'in_progress');
    return known ? null : shown.line;
  }

  /**
   * Adds to the arguments as they come.
   * @param {string} id of the item
   * @param {string} delta
   */
  add(id, delta) {
    this.#shown.get(id)?.given.append(delta);
  }

  /**
   * Takes what came of a call.
   * @param {string} call
   * @param {string} output
   */
  answer(call, output) {
    const shown = this.#calls.get(call);
    if (!shown) return;
    shown.result.textContent = readable(output);
    shown.result.hidden = false;
  }

  /** @param {string} id */
  #make(id) {
    const line = make('li', 'turn assistant function');
    const details = make('details');
    const summary = make('summary');
    const name = make('code');
    const given = make('pre', 'given');
    const result = make('pre', 'result');
    result.hidden = true;
    summary.append('Calls ', name);
    details.append(summary, given, result);
    line.append(details);
    const shown = { line, name, given, result };
    this.#shown.set(id, shown);
    return shown;
  }
}

/**
 * JSON with a line for each field; what is none stays as it is.
 * @param {string} text
 */
function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

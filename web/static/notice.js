// The one place where the page says what is wrong and offers the way out.

import { button, byId, make } from './dom.js';
import { describe, Problem } from './problem.js';

/** @typedef {{label: string, press: () => void}} Way */

/** A Notice shows one problem at a time. */
export class Notice {
  #box = byId('problem', HTMLElement);
  #kind = '';
  #timer = 0;

  /**
   * Shows a problem.
   * @param {Problem} problem
   * @param {Way[]} [ways] what the caller may do about it
   */
  show(problem, ways = []) {
    this.hide();
    this.#kind = problem.kind;
    const { title, text } = describe(problem);
    const actions = make('div', 'actions');
    actions.append(...ways.map(({ label, press }) => button(label, () => { this.hide(); press(); })));
    const words = make('div', 'what');
    words.append(make('strong', '', title), make('p', '', text));
    this.#box.replaceChildren(words, actions);
    if (problem.wait > 0) this.#count(words, problem.wait);
    this.#box.hidden = false;
  }

  /**
   * Takes the problem away, or only one of this kind.
   * @param {import('./problem.js').Kind} [kind]
   */
  hide(kind) {
    if (kind && kind !== this.#kind) return;
    clearInterval(this.#timer);
    this.#kind = '';
    this.#box.hidden = true;
    this.#box.replaceChildren();
  }

  /**
   * @param {HTMLElement} words
   * @param {number} seconds
   */
  #count(words, seconds) {
    const left = make('p', 'note');
    left.setAttribute('aria-live', 'off'); // said once with the rest, not every second
    const tell = () => { left.textContent = seconds > 0 ? `Try again in ${seconds} s.` : 'You may try again now.'; };
    tell();
    words.append(left);
    this.#timer = setInterval(() => {
      seconds--;
      tell();
      if (seconds <= 0) clearInterval(this.#timer);
    }, 1000);
  }
}

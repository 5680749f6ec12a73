// What the caller types, the picture that goes with it, and the wish for a drawing.

import { byId } from './dom.js';
import { Problem } from './problem.js';
import { shrink } from './shrink.js';

/** @typedef {import('./wire.js').Abilities} Abilities */
/** @typedef {import('./wire.js').ClientEvent} ClientEvent */

/**
 * @typedef {object} Wish
 * @property {string} text
 * @property {string} picture a data URI; empty without one
 * @property {{source: string, ratio: string} | null} draw
 */

/** Composer is the form below the transcript. */
export class Composer {
  #form = byId('say', HTMLFormElement);
  #words = byId('words', HTMLInputElement);
  #send = byId('send', HTMLButtonElement);
  #attach = byId('attach', HTMLButtonElement);
  #file = byId('picture', HTMLInputElement);
  #attached = byId('attached', HTMLElement);
  #thumbnail = byId('thumbnail', HTMLImageElement);
  #draw = byId('draw', HTMLButtonElement);
  #options = byId('drawing', HTMLElement);
  #source = byId('source', HTMLSelectElement);
  #ratio = byId('ratio', HTMLSelectElement);
  #picture = '';
  #failed;

  /**
   * @param {(wish: Wish) => boolean} wished false: it could not be sent and stays
   * @param {(cause: unknown) => void} failed
   */
  constructor(wished, failed) {
    this.#failed = failed;
    this.#words.addEventListener('keydown', (event) => {
      // Enter that ends a composition (Korean, Japanese, …) writes the letters and sends nothing.
      if (event.key === 'Enter' && (event.isComposing || event.keyCode === 229)) event.preventDefault();
    });
    this.#form.addEventListener('submit', (submit) => {
      submit.preventDefault();
      const text = this.#words.value.trim();
      const drawing = this.#drawing;
      if (!text && (drawing || !this.#picture)) return;
      const draw = drawing ? { source: this.#source.value, ratio: this.#ratio.value } : null;
      if (wished({ text, picture: drawing && this.#source.value !== 'picture' ? '' : this.#picture, draw })) this.#empty();
    });
    this.#attach.addEventListener('click', () => this.#file.click());
    this.#file.addEventListener('change', () => {
      const [file] = this.#file.files ?? [];
      if (file) this.attach(file);
      this.#file.value = '';
    });
    this.#words.addEventListener('paste', (event) => {
      const pasted = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
      if (!pasted || this.#attach.disabled) return;
      event.preventDefault();
      this.attach(pasted);
    });
    byId('detach', HTMLButtonElement).addEventListener('click', () => {
      this.#hold('');
      this.#words.focus();
    });
    this.#draw.addEventListener('click', () => this.#show(!this.#drawing));
    this.#source.addEventListener('change', () => { this.#ratio.disabled = this.#source.value === 'picture'; });
  }

  /**
   * Opens or closes the form; what the model cannot do is not offered.
   * @param {boolean} open
   * @param {Abilities} abilities
   * @param {boolean} filming whether the camera or the screen is on
   */
  allow(open, { sees = true, draws = false }, filming) {
    for (const each of [this.#words, this.#send, this.#attach, this.#draw]) each.disabled = !open;
    this.#attach.hidden = !sees;
    this.#draw.hidden = !draws;
    this.#may('camera', filming);
    if (this.#drawing && !draws) this.#show(false);
    this.#word(open);
  }

  /**
   * Takes a picture to go with the next message.
   * @param {Blob} picture
   */
  async attach(picture) {
    try {
      this.#hold(await shrink(picture));
      this.#words.focus();
    } catch {
      this.#failed(new Problem('picture'));
    }
  }

  /**
   * Makes ready for changing a picture.
   * @param {Blob} picture
   */
  async edit(picture) {
    await this.attach(picture);
    if (this.#draw.hidden || !this.#picture) return;
    this.#show(true);
    this.#choose('picture');
  }

  get #drawing() {
    return this.#draw.getAttribute('aria-pressed') === 'true';
  }

  /** @param {boolean} drawing */
  #show(drawing) {
    this.#draw.setAttribute('aria-pressed', String(drawing));
    this.#options.hidden = !drawing;
    if (drawing) this.#choose(this.#picture ? 'picture' : 'none');
    this.#word(!this.#words.disabled);
    this.#words.focus();
  }

  /** @param {boolean} open */
  #word(open) {
    this.#words.placeholder = !open ? 'Type during a call' : this.#drawing ? 'What should it show?' : 'Type a message';
  }

  /** @param {string} picture */
  #hold(picture) {
    this.#picture = picture;
    if (picture) this.#thumbnail.src = picture;
    else this.#thumbnail.removeAttribute('src');
    this.#attached.hidden = !picture;
    this.#may('picture', picture !== '');
  }

  /**
   * Offers a source of a drawing, or no longer.
   * @param {'camera' | 'picture'} source
   * @param {boolean} there
   */
  #may(source, there) {
    const option = this.#source.querySelector(`[value="${source}"]`);
    if (option instanceof HTMLOptionElement) option.disabled = !there;
    if (!there && this.#source.value === source) this.#choose('none');
  }

  /** @param {'none' | 'camera' | 'picture'} source */
  #choose(source) {
    this.#source.value = source;
    this.#ratio.disabled = source === 'picture'; // which keeps its own
  }

  #empty() {
    this.#words.value = '';
    this.#hold('');
    if (this.#drawing) this.#show(false);
  }
}

/**
 * The events that make a wish known.
 * @param {Wish} wish
 * @returns {ClientEvent[]}
 */
export function asEvents({ text, picture, draw }) {
  if (draw && !picture) return [{ type: 'omnilive.image.create', prompt: text, source: draw.source, ...(draw.ratio && { ratio: draw.ratio }) }];
  const content = [];
  if (picture) content.push({ type: 'input_image', image_url: picture });
  if (text) content.push({ type: 'input_text', text });
  const item = { type: 'conversation.item.create', item: { type: 'message', role: 'user', content } };
  const drawing = { tool_choice: { type: 'function', name: 't2i_model_generation' } };
  return [item, draw ? { type: 'response.create', response: drawing } : { type: 'response.create' }];
}

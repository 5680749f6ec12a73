// Pictures as they are drawn: a frame of the right shape, what is to be seen already, then the picture itself.

import { button, make } from './dom.js';

/** @typedef {import('./wire.js').ImageEvent} ImageEvent */
/** @typedef {import('./wire.js').ImageDone} ImageDone */

/**
 * @typedef {object} Hooks
 * @property {(id: string) => void} cancel the user no longer wants this picture
 * @property {(picture: Blob) => void} edit the user wants another one made of it
 */

/**
 * One picture.
 * @typedef {object} Card
 * @property {HTMLElement} line
 * @property {HTMLElement} frame
 * @property {HTMLImageElement} image
 * @property {HTMLProgressElement} bar
 * @property {HTMLElement} words
 * @property {HTMLElement} actions
 * @property {Uint8Array<ArrayBuffer>[]} pieces of the file so far
 * @property {string} url of the whole picture; empty while it is drawn
 * @property {boolean} open
 */

/** Pictures keeps what was drawn in a call until clear. */
export class Pictures {
  /** @type {Map<string, Card>} */
  #cards = new Map();
  #hooks;

  /** @param {Hooks} hooks */
  constructor(hooks) {
    this.#hooks = hooks;
  }

  /**
   * Follows an event; returns the line of a picture that has just begun.
   * @param {ImageEvent} event
   * @returns {HTMLElement | null}
   */
  apply(event) {
    const card = this.#cards.get(event.image_id);
    if (event.type === 'omnilive.image.started') return card ? null : this.#start(event.image_id, event.width, event.height);
    if (!card?.open) return null;
    switch (event.type) {
      case 'omnilive.image.progress':
        card.bar.value = event.done;
        if (event.preview) reveal(card, event.preview, 'The picture so far');
        break;
      case 'omnilive.image.delta':
        if (event.index === card.pieces.length) card.pieces.push(bytes(event.delta));
        break;
      case 'omnilive.image.done':
        this.#finish(card, event);
        break;
      case 'omnilive.image.failed':
        close(card, event.reason === 'cancelled' ? 'Cancelled' : `It could not be drawn. ${event.error?.message ?? ''}`.trim());
    }
    return null;
  }

  /** Marks what was not finished when the call ended. */
  close() {
    for (const card of this.#cards.values()) if (card.open) close(card, 'The call ended before it was done.');
  }

  /** Lets go of every picture. */
  clear() {
    for (const { url } of this.#cards.values()) if (url) URL.revokeObjectURL(url);
    this.#cards.clear();
  }

  /**
   * @param {string} id
   * @param {number} width
   * @param {number} height
   */
  #start(id, width, height) {
    const line = make('li', 'turn assistant picture open');
    const figure = make('figure');
    const frame = make('div', 'frame');
    const image = make('img');
    const bar = make('progress');
    const caption = make('figcaption');
    const words = make('p', 'note', 'Drawing…');
    const actions = make('div', 'actions');
    frame.style.aspectRatio = `${Math.max(1, width)} / ${Math.max(1, height)}`;
    frame.style.setProperty('--ratio', String(Math.max(1, width) / Math.max(1, height)));
    image.hidden = true;
    Object.assign(bar, { max: 1, value: 0 });
    bar.setAttribute('aria-label', 'How much of the picture is drawn');
    words.setAttribute('aria-live', 'polite');
    actions.append(button('Cancel drawing', () => this.#hooks.cancel(id)));
    frame.append(image, bar);
    caption.append(words, actions);
    figure.append(frame, caption);
    line.append(make('p', 'who', 'Model'), figure);
    this.#cards.set(id, { line, frame, image, bar, words, actions, pieces: [], url: '', open: true });
    return line;
  }

  /**
   * @param {Card} card
   * @param {ImageDone} event
   */
  #finish(card, { content_type: type, bytes: want, width, height }) {
    const blob = new Blob(card.pieces, { type });
    card.pieces = [];
    if (blob.size !== want) return close(card, 'The picture did not come whole.');
    card.url = URL.createObjectURL(blob);
    reveal(card, card.url, 'Picture drawn by the model');
    close(card, `${width} × ${height}`);
    card.line.classList.add('whole');
    const download = make('a', '', 'Download');
    Object.assign(download, { href: card.url, download: `picture.${type === 'image/png' ? 'png' : 'jpg'}` });
    card.actions.append(download, button('Edit this', () => this.#hooks.edit(blob)));
  }
}

/**
 * @param {Card} card
 * @param {string} source
 * @param {string} alt
 */
function reveal({ image }, source, alt) {
  if (!/^(blob:|data:image\/)/.test(source)) return;
  Object.assign(image, { src: source, alt, hidden: false });
}

/**
 * Ends the drawing.
 * @param {Card} card
 * @param {string} words
 */
function close(card, words) {
  card.open = false;
  card.pieces = [];
  card.line.classList.remove('open');
  card.bar.remove();
  card.actions.replaceChildren();
  card.words.textContent = words;
}

/** @param {string} base64 */
function bytes(base64) {
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch {
    return new Uint8Array(0); // the sum of the pieces tells
  }
}

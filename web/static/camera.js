// The caller's camera: on or off at any time, with its own preview.

import { byId } from './dom.js';
import { close, openCamera } from './devices.js';

/** Camera is the button, the preview and the line below it. */
export class Camera {
  #button = byId('camera', HTMLButtonElement);
  #preview = byId('preview', HTMLElement);
  #video = byId('own', HTMLVideoElement);
  #seen = byId('seen', HTMLElement);
  /** @type {MediaStream | null} */
  #stream = null;
  #opening = false;
  #changed;

  /**
   * @param {(track: MediaStreamTrack | null) => void} changed
   * @param {(cause: unknown) => void} failed
   */
  constructor(changed, failed) {
    this.#changed = changed;
    this.#button.addEventListener('click', () => {
      if (this.#stream) this.#off();
      else this.#on().catch(failed);
    });
  }

  /** What the camera shows now; null while it is off. */
  get track() {
    return this.#stream?.getVideoTracks()[0] ?? null;
  }

  /**
   * Says what the model takes the picture for; empty when it says nothing.
   * @param {string} text
   */
  saw(text) {
    this.#seen.textContent = text && `The model sees: ${text}`;
    this.#seen.hidden = !text;
  }

  async #on() {
    if (this.#opening) return;
    this.#opening = true;
    try {
      this.#stream = await openCamera();
    } finally {
      this.#opening = false;
    }
    this.track?.addEventListener('ended', () => this.#off()); // unplugged, or stopped by the browser
    this.#video.srcObject = this.#stream;
    this.#video.play().catch(() => {}); // without it the preview stands still; the model sees all the same
    this.#show(true);
  }

  #off() {
    close(this.#stream);
    this.#stream = null;
    this.#video.srcObject = null;
    this.saw('');
    this.#show(false);
  }

  /** @param {boolean} on */
  #show(on) {
    this.#preview.hidden = !on;
    this.#button.setAttribute('aria-pressed', String(on));
    this.#changed(this.track);
  }
}

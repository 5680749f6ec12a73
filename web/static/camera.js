// What the caller shows: a camera or the screen, each on or off at any time, with its own preview.

import { byId } from './dom.js';
import { close, nextCamera, openCamera, openScreen, severalCameras } from './devices.js';

/**
 * Camera is the buttons, the preview and the line below it. A shared screen goes before the camera, which stays open behind it
 * and is back, without another question to the user, when the sharing ends.
 */
export class Camera {
  #button = byId('camera', HTMLButtonElement);
  #share = byId('share', HTMLButtonElement);
  #switch = byId('switch', HTMLButtonElement);
  #preview = byId('preview', HTMLElement);
  #video = byId('own', HTMLVideoElement);
  #seen = byId('seen', HTMLElement);
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {MediaStream | null} */
  #screen = null;
  #opening = false;
  #changed;

  /**
   * @param {(track: MediaStreamTrack | null) => void} changed
   * @param {(cause: unknown) => void} failed
   */
  constructor(changed, failed) {
    this.#changed = changed;
    this.#share.hidden = !navigator.mediaDevices || !('getDisplayMedia' in navigator.mediaDevices); // phones have none
    const pressed = (/** @type {() => Promise<void>} */ open) => () => { this.#once(open).catch(failed); };
    this.#button.addEventListener('click', pressed(async () => this.#take(this.#stream ? null : await openCamera())));
    this.#switch.addEventListener('click', pressed(() => this.#other()));
    this.#share.addEventListener('click', pressed(async () => this.#takeScreen(this.#screen ? null : await openScreen())));
    navigator.mediaDevices?.addEventListener?.('devicechange', () => this.#offer());
  }

  /** What is shown now; null while there is nothing. */
  get track() {
    return (this.#screen ?? this.#stream)?.getVideoTracks()[0] ?? null;
  }

  /**
   * Says what the model takes the picture for; empty when it says nothing.
   * @param {string} text
   */
  saw(text) {
    this.#seen.textContent = text && `The model sees: ${text}`;
    this.#seen.hidden = !text;
  }

  async #other() {
    if (!this.#stream) return;
    const next = await nextCamera(this.#stream).catch((cause) => {
      this.#take(null);
      throw cause;
    });
    this.#take(next);
  }

  /** @param {() => Promise<void>} open */
  async #once(open) {
    if (this.#opening) return;
    this.#opening = true;
    try {
      await open();
    } finally {
      this.#opening = false;
    }
  }

  /** @param {MediaStream | null} stream */
  #take(stream) {
    if (stream !== this.#stream) close(this.#stream);
    this.#stream = stream;
    this.#ended(stream, () => { if (this.#stream === stream) this.#take(null); });
    this.#show();
  }

  /** @param {MediaStream | null} screen */
  #takeScreen(screen) {
    if (!screen && !this.#screen) return; // the user chose nothing
    close(this.#screen);
    this.#screen = screen;
    this.#ended(screen, () => { if (this.#screen === screen) this.#takeScreen(null); });
    this.#show();
  }

  /**
   * Watches for an end that is not ours: unplugged, or stopped by the browser.
   * @param {MediaStream | null} stream
   * @param {() => void} then
   */
  #ended(stream, then) {
    stream?.getVideoTracks()[0]?.addEventListener('ended', then);
  }

  #show() {
    const shown = this.#screen ?? this.#stream;
    if (this.#video.srcObject !== shown) {
      this.#video.srcObject = shown;
      if (shown) this.#video.play().catch(() => {}); // without it the preview stands still; the model sees all the same
      this.saw('');
      this.#changed(this.track);
    }
    this.#preview.hidden = !shown;
    this.#video.setAttribute('aria-label', this.#screen ? 'Your screen' : 'Your camera');
    this.#button.setAttribute('aria-pressed', String(this.#stream !== null));
    this.#share.setAttribute('aria-pressed', String(this.#screen !== null));
    this.#offer();
  }

  /** Offers the other camera where there is one. */
  async #offer() {
    this.#switch.hidden = !this.#stream || this.#screen !== null || !(await severalCameras());
  }
}

// One call: sound both ways, the camera when it is on, and events.

import { Problem } from './problem.js';
import { readEvent } from './wire.js';

/** @typedef {import('./wire.js').ServerEvent} ServerEvent */
/** @typedef {import('./wire.js').ClientEvent} ClientEvent */

/** How long the path may take to come up after the answer, and how long it may be gone. */
const pathLimit = 15000;
const goneLimit = 6000;
const answerLimit = 30000;

/**
 * @typedef {object} Handlers
 * @property {(event: ServerEvent) => void} event
 * @property {(stream: MediaStream) => void} sound
 * @property {(shaky: boolean) => void} shaky the path is gone for now, or back
 * @property {(problem: Problem) => void} over the call ended, and not by hangUp
 */

/** A Call is made once: dial, then hangUp. */
export class Call {
  #peer = new RTCPeerConnection();
  #channel = this.#peer.createDataChannel('oai-events');
  #abort = new AbortController();
  #handlers;
  #key;
  #session;
  #location = '';
  #gone = 0;
  #over = false;
  /** @type {RTCRtpTransceiver} */
  #video;

  /**
   * @param {Handlers} handlers
   * @param {{microphone: MediaStream | null, key: string, session?: object | null}} options session: settings that go with the offer
   */
  constructor(handlers, { microphone, key, session = null }) {
    this.#handlers = handlers;
    this.#key = key;
    this.#session = session;
    this.#channel.onmessage = ({ data }) => this.#read(data);
    this.#peer.ontrack = ({ track }) => {
      if (track.kind === 'audio') handlers.sound(new MediaStream([track]));
    };
    const track = microphone?.getAudioTracks()[0];
    this.#peer.addTransceiver(track ?? 'audio', { direction: 'sendrecv', streams: microphone ? [microphone] : [] });
    // Asked for in the first offer, so that the camera can come and go without another one.
    this.#video = this.#peer.addTransceiver('video', { direction: 'sendonly', sendEncodings: [{ maxBitrate: 500_000, maxFramerate: 15 }] });
  }

  /** Resolves once sound and events can flow; rejects with a Problem. */
  async dial() {
    await this.#peer.setLocalDescription();
    const answer = await this.#ask(this.#peer.localDescription?.sdp ?? '');
    if (this.#over) throw new Problem('ended');
    await this.#peer.setRemoteDescription({ type: 'answer', sdp: answer });
    await this.#connected();
    this.#channel.onclose = () => this.#end(new Problem('ended'));
    this.#peer.onconnectionstatechange = () => this.#watch();
  }

  /**
   * Sends an event; false when the channel is not open.
   * @param {ClientEvent} event
   */
  send(event) {
    if (this.#channel.readyState !== 'open') return false;
    this.#channel.send(JSON.stringify(event));
    return true;
  }

  /**
   * Shows the camera or the screen to the model, or no longer.
   * @param {MediaStreamTrack | null} track
   */
  async show(track) {
    await this.#video.sender.replaceTrack(track);
  }

  /** Ends the call and tells the server, which frees its line at once. */
  hangUp() {
    this.#end(null);
  }

  /** @param {string} sdp */
  async #ask(sdp) {
    const body = this.#offer(sdp);
    const headers = { ...(typeof body === 'string' && { 'Content-Type': 'application/sdp' }), ...this.#authorization() };
    const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(answerLimit)]);
    const answer = await fetch('v1/realtime/calls', { method: 'POST', headers, body, signal }).catch((cause) => {
      throw new Problem('unreachable', String(cause));
    });
    if (answer.status !== 201) throw await refusal(answer);
    const location = answer.headers.get('Location');
    if (location) this.#location = new URL(location, answer.url).href;
    if (this.#over) this.#tellServer();
    return answer.text();
  }

  /**
   * The offer alone, or a form with the settings beside it.
   * @param {string} sdp
   */
  #offer(sdp) {
    if (!this.#session) return sdp;
    const form = new FormData();
    form.set('sdp', sdp);
    form.set('session', JSON.stringify(this.#session));
    return form;
  }

  /** @returns {Record<string, string>} */
  #authorization() {
    return this.#key ? { Authorization: `Bearer ${this.#key}` } : {};
  }

  /** @returns {Promise<void>} */
  #connected() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Problem('no-path')), pathLimit);
      const settle = () => {
        const { connectionState } = this.#peer;
        const failed = this.#over || connectionState === 'failed' || connectionState === 'closed';
        if (!failed && !(connectionState === 'connected' && this.#channel.readyState === 'open')) return;
        clearTimeout(timer);
        failed ? reject(new Problem('no-path')) : resolve();
      };
      this.#peer.onconnectionstatechange = settle;
      this.#channel.onopen = settle;
      this.#abort.signal.addEventListener('abort', settle);
      settle();
    });
  }

  #watch() {
    clearTimeout(this.#gone);
    switch (this.#peer.connectionState) {
      case 'connected':
        this.#handlers.shaky(false);
        break;
      case 'disconnected':
        this.#handlers.shaky(true);
        this.#gone = setTimeout(() => this.#end(new Problem('lost')), goneLimit);
        break;
      case 'failed':
        this.#end(new Problem('lost'));
        break;
      case 'closed':
        this.#end(new Problem('ended'));
    }
  }

  /** @param {unknown} data */
  #read(data) {
    const event = readEvent(data);
    if (event && !this.#over) this.#handlers.event(event);
  }

  /** @param {Problem | null} problem */
  #end(problem) {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#gone);
    this.#abort.abort();
    this.#tellServer();
    this.#peer.close();
    if (problem) this.#handlers.over(problem);
  }

  #tellServer() {
    if (!this.#location) return;
    const told = fetch(`${this.#location}/hangup`, { method: 'POST', keepalive: true, headers: this.#authorization() });
    told.catch(() => {}); // the server notices by itself, only later
  }
}

/**
 * Turns a refusal into a Problem.
 * @param {globalThis.Response} answer
 */
async function refusal(answer) {
  const body = await answer.json().catch(() => null);
  const code = String(body?.error?.code ?? '');
  const detail = String(body?.error?.message ?? `HTTP ${answer.status}`);
  const wait = Number(answer.headers.get('Retry-After')) || 0;
  if (answer.status === 401 || answer.status === 403) return new Problem('key', detail);
  if (answer.status === 503 && /ready|warm|load/.test(code)) return new Problem('warming', detail, wait || 3);
  if (answer.status === 503 || answer.status === 429) return new Problem('busy', detail, wait || 5);
  return new Problem('refused', detail);
}

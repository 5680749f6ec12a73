// A recording to speak like: out of a file or from the microphone, made into a small WAV.

import { close, openMicrophone } from './devices.js';
import { dataURI } from './shrink.js';

/** Seconds of it that are kept, and samples a second. */
export const longest = 8;
const rate = 24000;

/**
 * Reads a file of sound.
 * @param {Blob} file
 * @returns {Promise<{uri: string, seconds: number}>}
 */
export async function readReference(file) {
  // A context of this rate resamples what it decodes. It is never started.
  const sound = await new OfflineAudioContext(1, 1, rate).decodeAudioData(await file.arrayBuffer());
  const mono = mix(sound);
  return pack(mono.subarray(0, longest * rate));
}

/**
 * Records the microphone until stop ends it, at most as long as a reference is.
 * @param {(seconds: number) => void} tell how long it has been, once a second
 * @param {AbortSignal} stop
 * @returns {Promise<{uri: string, seconds: number}>}
 */
export async function recordReference(tell, stop) {
  const stream = await openMicrophone();
  try {
    const recorder = new MediaRecorder(stream);
    /** @type {Blob[]} */
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
    recorder.start();
    for (let seconds = 0; seconds < longest && !stop.aborted; seconds++) {
      tell(seconds);
      await wait(1000, stop);
    }
    recorder.stop();
    await stopped;
    return await readReference(new Blob(parts, { type: recorder.mimeType }));
  } finally {
    close(stream);
  }
}

/** @param {AudioBuffer} sound */
function mix(sound) {
  const mono = sound.getChannelData(0).slice();
  for (let c = 1; c < sound.numberOfChannels; c++) {
    const other = sound.getChannelData(c);
    for (let i = 0; i < mono.length; i++) mono[i] += other[i];
  }
  for (let i = 0; i < mono.length; i++) mono[i] /= sound.numberOfChannels;
  return mono;
}

/**
 * 16-bit samples in a WAV file.
 * @param {Float32Array} mono
 */
async function pack(mono) {
  const view = new DataView(new ArrayBuffer(44 + 2 * mono.length));
  const text = (/** @type {number} */ at, /** @type {string} */ letters) => [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  text(0, 'RIFF');
  view.setUint32(4, view.byteLength - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // one channel
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, 2 * mono.length, true);
  mono.forEach((x, i) => view.setInt16(44 + 2 * i, Math.round(32767 * Math.min(1, Math.max(-1, x))), true));
  return { uri: await dataURI(new Blob([view], { type: 'audio/wav' })), seconds: mono.length / rate };
}

/**
 * @param {number} ms
 * @param {AbortSignal} stop
 */
function wait(ms, stop) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stop.addEventListener('abort', () => { clearTimeout(timer); resolve(undefined); }, { once: true });
  });
}

// What a stereo recording holds: who was heard when. Channel 0 is the microphone, 1 the far end.

import { writeFileSync } from 'node:fs';

export const rate = 48000;

/** Samples below this are silence; a spoken word stands at a quarter of full scale and more. */
const threshold = 650;

/** A pause longer than this divides two stretches of sound. */
const pause = 0.35;

/**
 * One side of a recording.
 * @param {Int16Array} stereo
 * @param {0 | 1} channel
 */
export function side(stereo, channel) {
  const mono = new Int16Array(stereo.length >> 1);
  for (let i = 0; i < mono.length; i++) mono[i] = stereo[2 * i + channel];
  return mono;
}

/**
 * The stretches of sound in one side, in seconds.
 * @param {Int16Array} mono
 * @param {number} [gap]
 * @returns {{from: number, to: number}[]}
 */
export function stretches(mono, gap = pause) {
  /** @type {{from: number, to: number}[]} */
  const found = [];
  for (let i = 0; i < mono.length; i++) {
    if (Math.abs(mono[i]) <= threshold) continue;
    const at = i / rate;
    const last = found.at(-1);
    if (last && at - last.to <= gap) last.to = at;
    else found.push({ from: at, to: at });
  }
  return found.filter(({ from, to }) => to - from > 0.02); // a click is no sound
}

/**
 * Writes a recording as a WAV file.
 * @param {string} path
 * @param {Int16Array} samples interleaved
 * @param {number} channels
 */
export function writeWav(path, samples, channels) {
  const head = Buffer.alloc(44);
  const bytes = samples.length * 2;
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + bytes, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2 * channels, 28);
  head.writeUInt16LE(2 * channels, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(bytes, 40);
  writeFileSync(path, Buffer.concat([head, Buffer.from(samples.buffer, samples.byteOffset, bytes)]));
}

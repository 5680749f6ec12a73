// Where the wait of one turn went, as a small bar.

import { make } from './dom.js';

/** @typedef {import('./wire.js').Latency} Latency */
/** @typedef {{name: string, className: string, ms: number, share: number}} Part a share is of the whole wait, 0 to 1 */

/**
 * Splits the wait into parts. What was done while still waiting for the end of the turn took none of the wait: such parts
 * share only what endpoint and pacer leave.
 * @param {Latency} latency
 * @returns {Part[]}
 */
export function split(latency) {
  const total = Math.max(1, latency.total_ms);
  const work = [
    { name: 'recognising', className: 'recognize', ms: latency.recognize_ms },
    { name: 'first word', className: 'prefill', ms: latency.prefill_ms },
    { name: 'first sound', className: 'first-sound', ms: latency.first_sound_ms },
  ];
  const worked = work.reduce((sum, { ms }) => sum + ms, 0);
  const left = Math.max(0, total - latency.endpoint_ms - latency.pacer_ms);
  const scale = worked > 0 ? Math.min(1, left / worked) / total : 0;
  return [
    { name: 'sure that you had finished', className: 'endpoint', ms: latency.endpoint_ms, share: Math.min(1, latency.endpoint_ms / total) },
    ...work.map((part) => ({ ...part, share: part.ms * scale })),
    { name: 'onto the line', className: 'pacer', ms: latency.pacer_ms, share: Math.min(1, latency.pacer_ms / total) },
  ];
}

/**
 * Draws the split: the sum and a bar, opened by hand into numbers.
 * @param {Latency} latency
 * @returns {HTMLDetailsElement}
 */
export function draw(latency) {
  const details = make('details', 'latency');
  const summary = make('summary');
  const bar = make('span', 'bar');
  bar.setAttribute('aria-hidden', 'true');
  const list = make('dl');
  for (const { name, className, ms, share } of split(latency)) {
    const piece = make('span', className);
    piece.style.setProperty('--share', share.toFixed(4));
    bar.append(piece);
    list.append(make('dt', className, name), make('dd', '', milliseconds(ms)));
  }
  summary.append(make('span', 'sum', `answered in ${(latency.total_ms / 1000).toFixed(2)} s`), bar);
  details.append(summary, list);
  if (latency.speculated) details.append(make('p', 'note', 'The answer was begun in a pause, before you had surely finished: its parts overlap the first one.'));
  return details;
}

/** @param {number} ms */
function milliseconds(ms) {
  return `${Math.round(ms)} ms`;
}

// How long ten spoken questions wait for their answers. A report, not a race: only that each is answered is asserted.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { open, out } from '../harness.mjs';
import { plot } from '../plot.mjs';
import { side, stretches } from '../sound.mjs';

const questions = ['capital', 'times', 'romeo', 'moon', 'leap', 'joke', 'sky', 'opposite', 'ocean', 'spider'];
const parts = /** @type {const} */ (['endpoint_ms', 'recognize_ms', 'prefill_ms', 'first_sound_ms', 'pacer_ms', 'total_ms']);

test('voice to voice over ten questions', { timeout: 240000 }, async (t) => {
  const caller = await open(t);
  await caller.call();
  /** @type {Record<string, any>[]} */
  const rows = [];
  for (const [n, question] of questions.entries()) {
    await caller.say(question);
    await caller.until('output_audio_buffer.started', n + 1);
    await caller.page.waitForTimeout(700); // enough of the answer to be seen in the recording
    await hush(caller);
    rows.push({ question, ...(await caller.until('omnilive.turn.latency', n + 1)) });
  }
  const waits = voiceToVoice(await caller.recording('latency'));
  assert.equal(waits.length, questions.length, 'every question is answered');
  rows.forEach((row, i) => { row.voice_to_voice_ms = waits[i]; });

  const report = { at: new Date().toISOString(), questions: rows, voice_to_voice_ms: summary(waits), split: /** @type {Record<string, any>} */ ({}) };
  for (const part of parts) report.split[part] = summary(rows.map((row) => row[part]));
  writeFileSync(path.join(out, 'latency.json'), JSON.stringify(report, null, 2));
  writeFileSync(path.join(out, 'latency.svg'), plot(rows));
  for (const row of rows) t.diagnostic(`${row.question}: ${row.voice_to_voice_ms.toFixed(0)} ms, server ${row.total_ms.toFixed(0)} ms${row.speculated ? ', speculated' : ''}`);
  t.diagnostic(`voice to voice: median ${report.voice_to_voice_ms.median.toFixed(0)} ms, p95 ${report.voice_to_voice_ms.p95.toFixed(0)} ms`);
  t.diagnostic(`split, medians: ${parts.map((part) => `${part} ${report.split[part].median.toFixed(0)}`).join(', ')}`);
  await caller.hangUp();
  assert.deepEqual(caller.errors, []);
});

/**
 * Stops the answer by the protocol, so that ten questions take a minute and not five.
 * @param {import('../harness.mjs').Caller} caller
 */
async function hush(caller) {
  await caller.page.evaluate(() => {
    window.studio.tell({ type: 'response.cancel' });
    window.studio.tell({ type: 'output_audio_buffer.clear' });
  });
  await caller.page.waitForTimeout(1200);
}

/**
 * The wait of each question: its last voiced sample to the first voiced sample of the answer, on the recorder's one clock.
 * @param {Int16Array} stereo
 */
function voiceToVoice(stereo) {
  const asked = stretches(side(stereo, 0), 0.6);
  const answered = stretches(side(stereo, 1), 0.6);
  return asked.flatMap(({ to }, i) => {
    const next = asked[i + 1]?.from ?? Infinity;
    const first = answered.find(({ from }) => from > to && from < next);
    return first ? [(first.from - to) * 1000] : [];
  });
}

/** @param {number[]} values */
function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return {
    median: sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2,
    p95: sorted[Math.ceil(0.95 * sorted.length) - 1],
    min: sorted[0],
    max: sorted.at(-1),
  };
}

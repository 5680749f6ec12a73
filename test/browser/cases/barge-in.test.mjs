// Speaking over an answer stops it at once, cuts its transcript, and is answered in turn.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, plain } from '../harness.mjs';
import { side, stretches } from '../sound.mjs';

test('speaking over an answer stops it', async (t) => {
  const caller = await open(t);
  await caller.call();
  await caller.say('story');
  await caller.farTalks();
  assert.equal(await caller.count('output_audio_buffer.stopped'), 0, 'the story is still being told');
  await caller.say('italy');
  await caller.until('conversation.item.truncated');
  await caller.until('output_audio_buffer.started', 2);
  await caller.until('output_audio_buffer.stopped');

  const stereo = await caller.recording('barge-in');
  const silence = stopped(stereo);
  t.diagnostic(`silence ${silence.toFixed(0)} ms after the interrupting voice began`);
  assert.ok(silence < 600, `silence only ${silence.toFixed(0)} ms after the voice began`);

  const story = caller.page.locator('.turn.assistant').first();
  assert.ok(await story.evaluate((line) => line.classList.contains('interrupted')), 'the story is marked as interrupted');
  const shown = plain(await story.locator('.words').evaluate((words) => words.firstChild?.textContent ?? ''));
  const heard = await caller.until('omnilive.item.heard');
  assert.equal(shown, plain(heard.transcript), 'what stands uncut is what was heard');
  await caller.reads('rome');
  assert.deepEqual(caller.errors, []);
});

/**
 * Milliseconds from the first voiced sample of the second utterance to the last of the answer it interrupts.
 * @param {Int16Array} stereo
 */
function stopped(stereo) {
  const spoken = stretches(side(stereo, 0), 1.5); // pauses within an utterance are shorter
  const answers = stretches(side(stereo, 1), 0.15);
  const voice = spoken[1].from;
  const interrupted = answers.filter(({ from }) => from < voice + 1).at(-1);
  assert.ok(interrupted && interrupted.to > voice, 'the answer was sounding when the voice began');
  return (interrupted.to - voice) * 1000;
}

// A spoken question is answered aloud, in a browser, by the microphone that Chromium itself plays.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activeCalls, open, phrases, plain } from '../harness.mjs';

test('a spoken question is answered aloud', async (t) => {
  const caller = await understood(t, 'capital');
  const stereo = await caller.recording('answer');
  const heard = plain(await caller.heard('answer', stereo));
  assert.match(heard, /paris/, 'the recogniser hears the answer');

  const user = plain(await caller.page.locator('.turn.user .words').first().innerText());
  const model = plain(await caller.page.locator('.turn.assistant .words').first().innerText());
  assert.equal(user, plain(phrases().capital), 'the caption says what was asked');
  assert.match(model, /paris/, 'the caption says what is answered');
  const shared = model.split(' ').filter((word) => heard.includes(word)).length / model.split(' ').length;
  assert.ok(shared >= 0.7, `caption and sound say the same: "${model}" / "${heard}"`);
  t.diagnostic(`heard: ${heard}`);

  assert.ok(await caller.page.locator('.latency .bar').first().isVisible(), 'the wait is split');
  assert.equal(await activeCalls(), 1);
  await caller.hangUp();
  await assert.doesNotReject(freed(), 'hanging up frees the line');
  assert.deepEqual(caller.errors, []);
});

/**
 * Asks a question until its words were understood, three times at most: a busy machine can lose packets, and then the model answers,
 * rightly, to what it heard.
 * @param {import('node:test').TestContext} t
 * @param {string} question
 */
async function understood(t, question) {
  for (let tries = 1; ; tries++) {
    const caller = await open(t, { file: question });
    await caller.call();
    await caller.until('output_audio_buffer.started');
    assert.equal(await caller.state(), 'Speaking');
    await caller.until('output_audio_buffer.stopped');
    const user = plain(await caller.page.locator('.turn.user .words').first().innerText());
    if (user === plain(phrases()[question]) || tries === 3) return caller;
    t.diagnostic(`understood: ${user}`);
    await caller.hangUp();
    await freed();
  }
}

/** Waits until the server holds no call any more. */
async function freed() {
  for (let i = 0; i < 50; i++) {
    if ((await activeCalls()) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the server still holds the call after five seconds');
}

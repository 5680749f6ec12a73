// What is held in front of the camera is seen and answered for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clip } from '../clip.mjs';
import { open } from '../harness.mjs';

test('a sign in front of the camera is read', async (t) => {
  const caller = await open(t, { camera: await clip('CAFE NOIR') });
  await caller.call();
  await caller.page.getByRole('button', { name: 'Camera' }).click(); // in mid-call
  await caller.page.getByLabel('Your camera').waitFor();
  const seen = await caller.until('omnilive.camera.seen');
  t.diagnostic(`seen: ${seen.text}`);
  await caller.page.getByText('The model sees:').waitFor();
  await caller.page.waitForFunction(() => /caf|noir/i.test(document.getElementById('seen')?.textContent ?? ''));
  await caller.say('sign');
  await caller.until('output_audio_buffer.started');
  await caller.until('output_audio_buffer.stopped');
  const said = await caller.page.locator('.turn.assistant .words').last().innerText();
  t.diagnostic(`said: ${said}`);
  assert.match(said, /caf|noir/i);
  await caller.picture('call');

  await caller.page.getByRole('button', { name: 'Camera' }).click();
  await caller.page.getByLabel('Your camera').waitFor({ state: 'hidden' });
  await caller.hangUp();
  assert.deepEqual(caller.errors, []);
});

// Typing in a call, the settings, and a call without any microphone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open } from '../harness.mjs';

test('a typed question is answered in the same call', async (t) => {
  const caller = await open(t);
  await caller.call();
  await caller.page.getByRole('textbox', { name: 'Type a message' }).fill('What is the capital of France?');
  await caller.page.keyboard.press('Enter');
  await caller.until('output_audio_buffer.started');
  await caller.reads('Paris');
  assert.equal(await caller.page.locator('.turn.user .words').innerText(), 'What is the capital of France?');
  await caller.hangUp();
  assert.deepEqual(caller.errors, []);
});

test('Enter that ends a composition sends nothing', async (t) => {
  const caller = await open(t);
  await caller.call();
  await caller.keeps('conversation.item.create', 'response.create');
  const { page } = caller;
  await page.getByRole('textbox', { name: 'Type a message' }).focus();
  const keys = await page.context().newCDPSession(page);
  await keys.send('Input.imeSetComposition', { text: '안녕', selectionStart: 2, selectionEnd: 2 });
  await page.keyboard.press('Enter');
  assert.deepEqual(await caller.sent('conversation.item.create'), []);
  await keys.send('Input.insertText', { text: '안녕하세요' });
  await page.keyboard.press('Enter');
  const [{ item }] = await caller.sent('conversation.item.create');
  assert.match(item.content[0].text, /안녕하세요$/);
});

test('who waits is told his place', async (t) => {
  const caller = await open(t);
  await caller.call();
  const { page } = caller;
  await caller.hears({ type: 'omnilive.queue', position: 2, estimated_wait_ms: 12000 });
  assert.equal(await caller.state(), 'Waiting: place 2, about 10 s');
  assert.equal(await page.getByRole('textbox', { name: 'Type a message' }).isEnabled(), false);
  await caller.hears({ type: 'omnilive.queue', position: 0, estimated_wait_ms: 0 });
  assert.equal(await caller.state(), 'Listening');
  assert.ok(await page.getByRole('textbox', { name: 'Type a message' }).isEnabled());
});

test('settings reach the session and the next call', async (t) => {
  const caller = await open(t);
  await caller.call();
  await caller.page.getByRole('button', { name: 'Settings' }).click();
  await caller.page.getByLabel('Instructions').fill('You are a pirate. Answer in one short sentence.');
  await caller.page.getByRole('button', { name: 'Save' }).click();
  const { session } = await caller.until('session.updated');
  assert.equal(session.instructions, 'You are a pirate. Answer in one short sentence.');
  await caller.hangUp();
  await caller.call();
  assert.equal((await caller.until('session.updated', 2)).session.instructions, session.instructions);
  assert.deepEqual(caller.errors, []);
});

test('without a microphone one can still type', async (t) => {
  const caller = await open(t, { devices: 'none' });
  await caller.page.getByRole('button', { name: 'Call', exact: true }).click();
  await caller.page.getByRole('alert').getByText('No microphone found').waitFor();
  await caller.page.getByRole('button', { name: 'Type instead' }).click();
  await caller.until('session.created');
  await caller.page.getByRole('textbox', { name: 'Type a message' }).fill('What is the capital of France?');
  await caller.page.getByRole('button', { name: 'Send' }).click();
  await caller.reads('Paris');
  assert.deepEqual(caller.errors, []);
});

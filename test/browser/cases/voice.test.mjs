// A recording to speak like goes with the offer: a message of the channel could not hold it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { open, out } from '../harness.mjs';

/**
 * The recording in an offer: samples a second, bits of a sample, channels and seconds.
 * @param {import('playwright-core').Request} request
 */
function reference(request) {
  const body = request.postDataBuffer()?.toString('latin1') ?? '';
  const session = JSON.parse(/name="session"\r\n(?:.*\r\n)*?\r\n(.*)\r\n/.exec(body)?.[1] ?? 'null');
  const [, base64 = ''] = /^data:audio\/wav;base64,(.*)$/.exec(session?.audio.output.voice.reference ?? '') ?? [];
  const wav = Buffer.from(base64, 'base64');
  assert.equal(wav.toString('latin1', 0, 4), 'RIFF');
  return { rate: wav.readUInt32LE(24), bits: wav.readUInt16LE(34), channels: wav.readUInt16LE(22), seconds: (wav.length - 44) / 2 / wav.readUInt32LE(24) };
}

/**
 * Presses Call and returns the offer; it is not answered here, what the server makes of it is not this test's.
 * @param {import('../harness.mjs').Caller} caller
 */
async function offer({ page }) {
  await page.route('**/v1/realtime/calls', (route) => route.fulfill({ status: 503, headers: { 'Retry-After': '1' } }), { times: 1 });
  const [request] = await Promise.all([
    page.waitForRequest('**/v1/realtime/calls'),
    page.getByRole('button', { name: 'Call', exact: true }).click(),
  ]);
  await page.getByRole('alert').getByText('busy').waitFor();
  return request;
}

test('a recording out of a file', async (t) => {
  const caller = await open(t);
  const { page } = caller;
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.locator('#reference-file').setInputFiles({ name: 'letter.txt', mimeType: 'text/plain', buffer: Buffer.from('Dear reader') });
  await page.getByText('The recording cannot be used').waitFor();
  await page.locator('#reference-file').setInputFiles({ name: 'anna.wav', mimeType: 'audio/wav', buffer: readFileSync(path.join(out, 'speech/capital.wav')) });
  await page.getByText(/^anna\.wav, \d\.\d s$/).waitFor();
  await caller.picture('settings-voice');
  await page.getByRole('button', { name: 'Save' }).click();
  const { rate, bits, channels, seconds } = reference(await offer(caller));
  assert.deepEqual([rate, bits, channels], [24000, 16, 1]);
  assert.ok(seconds > 0.5 && seconds <= 8, `${seconds} s`);

  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  assert.equal(await (await offer(caller)).headerValue('content-type'), 'application/sdp');
  assert.deepEqual(caller.errors, []);
});

test('a recording from the microphone', async (t) => {
  const caller = await open(t);
  const { page } = caller;
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Record 8 seconds' }).click();
  await page.getByRole('button', { name: 'Stop (7 s left)' }).click(); // a second is enough here
  await page.getByText(/^Your recording, \d\.\d s$/).waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  const { seconds } = reference(await offer(caller));
  assert.ok(seconds > 0.7 && seconds < 3, `${seconds} s`);
  assert.deepEqual(caller.errors, []);
});

test('a model that cannot speak like others is not asked to', async (t) => {
  const caller = await open(t);
  await caller.call();
  await caller.hears({ type: 'session.updated', session: { omnilive: { model: { clones: false } } } });
  await caller.page.getByRole('button', { name: 'Settings' }).click();
  assert.equal(await caller.page.getByRole('group', { name: 'Speak like a recording' }).isVisible(), false);
});

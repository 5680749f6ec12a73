// Whatever goes wrong, the page says what and offers the way out.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { base, open } from '../harness.mjs';

/**
 * Presses Call and returns what the page says is wrong.
 * @param {import('../harness.mjs').Caller} caller
 */
async function complaint(caller) {
  await caller.page.getByRole('button', { name: 'Call', exact: true }).click();
  await caller.page.getByRole('alert').locator('strong').waitFor();
  return caller.page.getByRole('alert').innerText();
}

/** @type {{name: string, status: number, headers: Record<string, string>, code: string, want: RegExp}[]} */
const refusals = [
  { name: 'a busy server', status: 503, headers: { 'Retry-After': '7' }, code: 'server_busy', want: /busy[^]*7 s/ },
  { name: 'a server that warms up', status: 503, headers: {}, code: 'not_ready', want: /warming up/ },
  { name: 'a server that wants a key', status: 401, headers: {}, code: 'invalid_api_key', want: /access key[^]*Open settings/ },
  { name: 'a server that refuses', status: 400, headers: {}, code: 'invalid_offer', want: /did not take the call[^]*because/ },
];
for (const { name, status, headers, code, want } of refusals) {
  test(name, async (t) => {
    const caller = await open(t);
    const body = JSON.stringify({ error: { type: 'x', code, message: 'because' } });
    await caller.page.route('**/v1/realtime/calls', (route) => route.fulfill({ status, headers, contentType: 'application/json', body }));
    assert.match(await complaint(caller), want);
    assert.equal(await caller.state(), 'Ready when you are');
  });
}

test('a server that is not there', async (t) => {
  const caller = await open(t);
  await caller.page.route('**/v1/realtime/calls', (route) => route.abort('connectionrefused'));
  assert.match(await complaint(caller), /cannot be reached[^]*Call again/);
});

test('no permission for the microphone', async (t) => {
  const caller = await open(t, { devices: 'denied' });
  assert.match(await complaint(caller), /microphone is not allowed[^]*Try again[^]*Type instead/);
});

test('an insecure page', async (t) => {
  const caller = await open(t, {
    url: 'http://omnilive.example/',
    before: (page) => page.route('http://omnilive.example/**', async (route) => {
      const answer = await page.request.get(base + new URL(route.request().url()).pathname);
      await route.fulfill({ response: answer });
    }),
  });
  assert.match(await complaint(caller), /secure page/);
});

test('a browser that holds the sound back', async (t) => {
  const caller = await open(t, {
    before: (page) => page.addInitScript(() => {
      const play = HTMLAudioElement.prototype.play;
      HTMLAudioElement.prototype.play = () => Promise.reject(new DOMException('no gesture', 'NotAllowedError'));
      window.addEventListener('let-play', () => { HTMLAudioElement.prototype.play = play; });
    }),
  });
  await caller.call();
  await caller.page.getByRole('alert').getByText('holds the sound back').waitFor();
  await caller.page.evaluate(() => window.dispatchEvent(new Event('let-play')));
  await caller.page.getByRole('button', { name: 'Play sound' }).click();
  await caller.page.waitForFunction(() => !(/** @type {HTMLAudioElement} */ (document.getElementById('sound')).paused));
});

test('a call that the server ends can be made again', async (t) => {
  const caller = await open(t);
  const answered = caller.page.waitForResponse('**/v1/realtime/calls');
  await caller.call();
  const location = (await answered).headers().location;
  await caller.page.request.post(new URL(location, base).href + '/hangup');
  await caller.page.getByRole('alert').getByText(/ended the call|was lost/).waitFor();
  await caller.page.getByRole('button', { name: 'Call again' }).click();
  await caller.until('session.created', 2);
  assert.deepEqual(caller.errors, []);
});

const alone = process.env.OMNILIVE_NETNS === 'yes';
test('a lost connection', { skip: !alone && 'needs a network namespace of its own to cut' }, async (t) => {
  const caller = await open(t);
  await caller.call();
  execFileSync('ip', ['link', 'set', 'lo', 'down']);
  t.after(() => execFileSync('ip', ['link', 'set', 'lo', 'up']));
  await caller.page.getByRole('status').getByText('shaky').waitFor();
  await caller.page.getByRole('alert').getByText('The connection was lost').waitFor({ timeout: 30000 });
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  await caller.page.waitForTimeout(3000); // until the browser has seen that the network is back
  await caller.page.getByRole('button', { name: 'Call again' }).click();
  await caller.until('session.created', 2);
  assert.deepEqual(caller.errors, []);
});

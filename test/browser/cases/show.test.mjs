// The camera is changed and the screen is shared in mid-call, without another offer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open } from '../harness.mjs';

/** A screen with a word on it, in place of the one a headless browser lacks. Runs in the page. */
function fakeScreen() {
  const media = navigator.mediaDevices;
  media.getDisplayMedia = async () => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: 640, height: 480 });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    setInterval(() => {
      Object.assign(context, { fillStyle: '#fff' }).fillRect(0, 0, 640, 480);
      Object.assign(context, { fillStyle: '#000', font: 'bold 96px sans-serif' }).fillText('HARBOUR', 70, 260);
    }, 100);
    const stream = canvas.captureStream(10);
    window.studio.screen = stream;
    return stream;
  };
}

/**
 * The track that goes out now, by its number, and how often the call was negotiated.
 * @param {import('playwright-core').Page} page
 */
function outgoing(page) {
  return page.evaluate(() => {
    const { peer } = window.studio;
    const track = peer.getTransceivers().find(({ receiver }) => receiver.track.kind === 'video')?.sender.track;
    return { label: track?.label ?? '', screen: track !== null && track === window.studio.screen?.getVideoTracks()[0], state: track?.readyState ?? 'none' };
  });
}

/**
 * What goes out, once it is as wanted: a sender takes its new track a moment after the page shows it.
 * @param {import('playwright-core').Page} page
 * @param {{ screen?: boolean, state?: string }} wanted
 */
async function goes(page, wanted) {
  for (let tries = 0; ; tries++) {
    const now = await outgoing(page);
    if (tries === 50 || ((wanted.screen ?? now.screen) === now.screen && (wanted.state ?? now.state) === now.state)) return now;
    await page.waitForTimeout(100);
  }
}

test('the screen goes before the camera and the camera comes back', async (t) => {
  let offers = 0;
  const caller = await open(t, { before: (page) => page.addInitScript(fakeScreen), cameras: 2 });
  const { page } = caller;
  page.on('request', (request) => { if (request.url().endsWith('/v1/realtime/calls')) offers++; });
  const camera = page.getByRole('button', { name: 'Camera', exact: true });
  const share = page.getByRole('button', { name: 'Share screen' });
  await caller.call();
  await camera.click();
  await page.getByLabel('Your camera').waitFor();
  const first = await outgoing(page);
  assert.equal(first.screen, false);
  assert.equal(first.state, 'live');

  await page.getByRole('button', { name: 'Switch camera' }).click();
  await page.waitForFunction((was) => window.studio.peer.getTransceivers().some(({ sender }) => sender.track?.kind === 'video' && sender.track.label !== was), first.label);
  const second = await outgoing(page);
  assert.notEqual(second.label, first.label);

  await share.click();
  await page.getByLabel('Your screen').waitFor();
  assert.equal((await goes(page, { screen: true })).screen, true);
  assert.equal(await share.getAttribute('aria-pressed'), 'true');
  assert.equal(await camera.getAttribute('aria-pressed'), 'true', 'the camera waits behind the screen');
  assert.equal(await page.getByRole('button', { name: 'Switch camera' }).isVisible(), false);
  if (process.env.OMNILIVE_BIN !== 'mock') {
    await page.waitForFunction(() => /harbou?r/i.test(document.getElementById('seen')?.textContent ?? ''));
  }
  await caller.picture('screen');

  await page.evaluate(() => window.studio.screen?.getTracks()[0].dispatchEvent(new Event('ended'))); // the browser's own "stop sharing"
  await page.getByLabel('Your camera').waitFor();
  const back = await goes(page, { screen: false });
  assert.deepEqual([back.label, back.state], [second.label, 'live']);
  assert.equal(await page.evaluate(() => window.studio.screen?.getTracks()[0].readyState), 'ended', 'the screen is let go');

  await share.click();
  await page.getByLabel('Your screen').waitFor();
  await camera.click(); // off, while the screen is shown
  assert.equal((await goes(page, { screen: true })).screen, true);
  await share.click();
  await page.locator('#preview').waitFor({ state: 'hidden' });
  assert.equal((await goes(page, { state: 'none' })).state, 'none');
  assert.equal(offers, 1, 'no other offer was made');
  await caller.hangUp();
  assert.deepEqual(caller.errors, []);
});

test('a screen that nobody chose changes nothing', async (t) => {
  const refuse = () => {
    navigator.mediaDevices.getDisplayMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };
  };
  const caller = await open(t, { before: (page) => page.addInitScript(refuse) });
  await caller.call();
  const share = caller.page.getByRole('button', { name: 'Share screen' });
  await share.click();
  await caller.page.waitForTimeout(200);
  assert.equal(await share.getAttribute('aria-pressed'), 'false');
  assert.equal(await caller.page.getByRole('alert').isVisible(), false);
  assert.deepEqual(caller.errors, []);
});

// The page can be used by keyboard alone, is clean for assistive technology, and fits a phone.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { open } from '../harness.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * What axe finds wrong, in short.
 * @param {import('playwright-core').Page} page
 * @returns {Promise<string[]>}
 */
async function violations(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations: found } = await /** @type {any} */ (window).axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return found.map((/** @type {any} */ v) => `${v.id}: ${v.nodes.map((/** @type {any} */ n) => n.target.join(' ')).join(', ')}`);
  });
}

for (const scheme of /** @type {const} */ (['light', 'dark'])) {
  test(`nothing stands in the way of assistive technology (${scheme})`, async (t) => {
    const caller = await open(t, { scheme });
    assert.deepEqual(await violations(caller.page), [], 'at rest');
    await caller.picture(`rest-${scheme}`);
    await caller.page.route('**/v1/realtime/calls', (route) => route.fulfill({ status: 503, headers: { 'Retry-After': '9' } }), { times: 1 });
    await caller.page.getByRole('button', { name: 'Call', exact: true }).click();
    await caller.page.getByRole('alert').getByText('busy').waitFor();
    assert.deepEqual(await violations(caller.page), [], 'in trouble');
    await caller.picture(`trouble-${scheme}`);
    await caller.call();
    await caller.page.getByRole('textbox', { name: 'Type a message' }).fill('What is the capital of France?');
    await caller.page.keyboard.press('Enter');
    await caller.reads('Paris');
    await caller.page.locator('.latency summary').first().click();
    assert.deepEqual(await violations(caller.page), [], 'in a call');
    await caller.page.getByRole('button', { name: 'Settings' }).click();
    assert.deepEqual(await violations(caller.page), [], 'in the settings');
    await caller.picture(`settings-${scheme}`);
    await caller.page.getByRole('button', { name: 'Cancel' }).click();
    await caller.picture(`desktop-${scheme}`);
    await caller.page.setViewportSize({ width: 360, height: 720 });
    assert.equal(await caller.page.evaluate(() => document.documentElement.scrollWidth), 360, 'fits a phone');
    assert.deepEqual(await violations(caller.page), [], 'on a phone');
    await caller.picture(`phone-${scheme}`);
    assert.deepEqual(caller.errors, []);
  });
}

test('a whole call by keyboard alone', async (t) => {
  const caller = await open(t);
  const { keyboard } = caller.page;
  /** @param {string} name */
  const reach = async (name) => {
    for (let i = 0; i < 20; i++) {
      await keyboard.press('Tab');
      const label = await caller.page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.id);
      if (label === name) return;
    }
    assert.fail(`${name} cannot be reached by Tab`);
  };
  await reach('Call');
  await keyboard.press('Enter');
  await caller.until('session.created');
  await reach('Camera');
  await keyboard.press('Space');
  await caller.page.getByLabel('Your camera').waitFor();
  assert.deepEqual(await violations(caller.page), [], 'with the camera on');
  await reach('words');
  await keyboard.type('What is the capital of France?');
  await keyboard.press('Enter');
  await caller.reads('Paris');
  await reach('Settings');
  await keyboard.press('Enter');
  await caller.page.getByRole('dialog').waitFor();
  await keyboard.press('Escape');
  await reach('Hang up');
  await keyboard.press('Space');
  await caller.page.getByText('Call ended').waitFor();
  assert.deepEqual(caller.errors, []);
});

for (const scheme of /** @type {const} */ (['light', 'dark'])) {
  test(`drawings, functions and pictures are within reach (${scheme})`, async (t) => {
    const caller = await open(t, { scheme });
    const { page } = caller;
    await caller.call();
    const sun = await page.evaluate(() => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 96, height: 72 });
      const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
      for (const [colour, y] of /** @type {const} */ ([['#7ec3e6', 0], ['#f3c35b', 30], ['#3d6b4f', 50]])) Object.assign(context, { fillStyle: colour }).fillRect(0, y, 96, 72);
      return canvas.toDataURL('image/jpeg').split(',')[1];
    });
    const whole = { type: 'omnilive.image.done', image_id: 'a', width: 768, height: 576, content_type: 'image/jpeg', bytes: Buffer.from(sun, 'base64').length };
    await caller.hears(
      { type: 'session.updated', session: { model: 'painter', omnilive: { model: { sees: true, draws: true, clones: true } } } },
      { type: 'conversation.item.added', item: { id: 'u', type: 'message', role: 'user', status: 'completed', content: [{ type: 'input_text', text: 'Draw me a field, and tell me the weather there.' }] } },
      { type: 'conversation.item.added', item: { id: 'f', type: 'function_call', name: 'weather', call_id: 'c', arguments: '{"place":"field"}', status: 'completed' } },
      { type: 'conversation.item.added', item: { id: 'o', type: 'function_call_output', call_id: 'c', output: '{"sky":"clear"}' } },
      { type: 'omnilive.image.started', image_id: 'a', width: 768, height: 576 },
      { type: 'omnilive.image.delta', image_id: 'a', index: 0, delta: sun },
      whole,
      { type: 'omnilive.image.started', image_id: 'b', width: 768, height: 432 },
      { type: 'omnilive.image.progress', image_id: 'b', done: 0.4 },
    );
    await page.locator('.function summary').click();
    await page.getByRole('button', { name: 'Draw a picture' }).click();
    await page.locator('#picture').setInputFiles({ name: 'sun.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(sun, 'base64') });
    await page.getByAltText('Picture that goes with your message').waitFor();
    assert.deepEqual(await violations(page), [], 'on a desk');
    await caller.picture(`drawings-${scheme}`);
    await page.setViewportSize({ width: 360, height: 720 });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, 'fits a phone');
    assert.deepEqual(await violations(page), [], 'on a phone');
    await caller.picture(`drawings-phone-${scheme}`);
    assert.deepEqual(caller.errors, []);
  });
}

// Pictures that the model draws: asked for, watched, cancelled, changed. The server's side is told to the page as events, so that
// any model will do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open } from '../harness.mjs';

const outgoing = ['omnilive.image.create', 'omnilive.image.cancel', 'conversation.item.create', 'response.create', 'response.cancel', 'output_audio_buffer.clear'];

/**
 * A call with a model that draws.
 * @param {import('node:test').TestContext} t
 * @param {import('../harness.mjs').Options} [options]
 */
async function drawingCall(t, options) {
  const caller = await open(t, options);
  await caller.call();
  await caller.keeps(...outgoing);
  await caller.hears({ type: 'session.updated', session: { model: 'painter', omnilive: { model: { sees: true, draws: true } } } });
  return caller;
}

/**
 * Whether the picture in the transcript is this wide; runs in the page.
 * @param {number} wanted
 */
function width(wanted) {
  return /** @type {HTMLImageElement | null} */ (document.querySelector('.picture img'))?.naturalWidth === wanted;
}

/**
 * A JPEG in pieces, as the server sends it.
 * @param {import('../harness.mjs').Caller} caller
 * @param {number} width
 * @param {number} height
 * @returns {Promise<{pieces: string[], bytes: number}>}
 */
function jpeg(caller, width, height) {
  return caller.page.evaluate(async ([w, h]) => {
    const canvas = new OffscreenCanvas(w, h);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const sky = context.createLinearGradient(0, 0, 0, h);
    ['#25406f', '#e98a4e', '#f7d08a'].forEach((colour, i) => sky.addColorStop(i / 2, colour));
    context.fillStyle = sky;
    context.fillRect(0, 0, w, h);
    context.fillStyle = '#fff3d6';
    context.beginPath();
    context.arc(w * 0.62, h * 0.58, h * 0.13, 0, 7);
    context.fill();
    context.fillStyle = '#1d2b3a';
    context.beginPath();
    context.moveTo(0, h);
    for (let x = 0; x <= w; x += w / 16) context.lineTo(x, h * (0.72 + 0.1 * Math.sin(x / w * 9)));
    context.lineTo(w, h);
    context.fill();
    const data = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 })).arrayBuffer());
    const pieces = [];
    for (let at = 0; at < data.length; at += 1500) pieces.push(btoa(String.fromCharCode(...data.subarray(at, at + 1500))));
    return { pieces, bytes: data.length };
  }, [width, height]);
}

/**
 * The events of a whole picture.
 * @param {string} id
 * @param {{pieces: string[], bytes: number}} file
 */
function whole(id, { pieces, bytes }) {
  return [
    ...pieces.map((delta, index) => ({ type: 'omnilive.image.delta', image_id: id, index, delta })),
    { type: 'omnilive.image.done', image_id: id, width: 768, height: 432, content_type: 'image/jpeg', bytes },
  ];
}

test('a model that does not draw is not asked to', async (t) => {
  const caller = await open(t);
  await caller.call();
  await caller.hears({ type: 'session.updated', session: { omnilive: { model: { sees: false, draws: false } } } });
  assert.equal(await caller.page.locator('#draw').isVisible(), false);
  assert.equal(await caller.page.locator('#attach').isVisible(), false);
});

test('a picture is asked for, grows, and can be changed', async (t) => {
  const caller = await drawingCall(t);
  const { page } = caller;
  await page.getByRole('button', { name: 'Draw a picture' }).click();
  await page.getByLabel('Shape').selectOption('16:9');
  await page.getByRole('textbox', { name: 'Type a message' }).fill('A red sun over the hills');
  await page.keyboard.press('Enter');
  const [asked] = await caller.sent('omnilive.image.create');
  assert.deepEqual(asked, { type: 'omnilive.image.create', prompt: 'A red sun over the hills', source: 'none', ratio: '16:9' });
  assert.equal(await page.getByRole('group', { name: 'The drawing' }).isVisible(), false, 'the wish is over');

  const file = await jpeg(caller, 768, 432);
  const preview = await jpeg(caller, 96, 54);
  await caller.hears(
    { type: 'conversation.item.added', item: { id: 'p', type: 'message', role: 'user', status: 'completed', content: [{ type: 'input_text', text: 'A red sun over the hills' }] } },
    { type: 'omnilive.image.started', response_id: 'r', image_id: 'img_1', width: 768, height: 432 },
    { type: 'omnilive.image.progress', image_id: 'img_1', done: 0.25 },
  );
  const bar = page.getByRole('progressbar');
  assert.equal(await bar.evaluate((each) => /** @type {HTMLProgressElement} */ (each).value), 0.25);
  const box = await page.locator('.frame').boundingBox();
  assert.ok(box && Math.abs(box.width / box.height - 16 / 9) < 0.02, 'the frame has the shape of the picture from the start');
  await caller.hears({ type: 'omnilive.image.progress', image_id: 'img_1', done: 0.5, preview: `data:image/jpeg;base64,${Buffer.concat(preview.pieces.map((each) => Buffer.from(each, 'base64'))).toString('base64')}` });
  await page.waitForFunction(width, 96);
  await caller.picture('drawing');

  await caller.hears(...whole('img_1', file));
  const picture = page.getByRole('img', { name: 'Picture drawn by the model' });
  await picture.waitFor();
  await page.waitForFunction(width, 768);
  assert.equal(await bar.count(), 0);
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download' }).click()]);
  assert.equal(saved.suggestedFilename(), 'picture.jpg');
  await caller.picture('drawn');

  await page.getByRole('button', { name: 'Edit this' }).click();
  await page.getByAltText('Picture that goes with your message').waitFor();
  assert.equal(await page.getByLabel('Out of').inputValue(), 'picture');
  await page.keyboard.type('Make it night'); // the text box has the focus
  await caller.picture('edit');
  await page.keyboard.press('Enter');
  const [{ item }] = await caller.sent('conversation.item.create');
  assert.match(item.content[0].image_url, /^data:image\/jpeg;base64,/);
  assert.deepEqual(item.content[1], { type: 'input_text', text: 'Make it night' });
  const [create] = await caller.sent('response.create');
  assert.deepEqual(create.response.tool_choice, { type: 'function', name: 't2i_model_generation' });
  await caller.hears({ type: 'conversation.item.added', item: { id: 'q', type: 'message', role: 'user', status: 'completed', content: [{ type: 'input_image' }, { type: 'input_text', text: 'Make it night' }] } });
  await page.getByRole('img', { name: 'Picture you sent' }).waitFor();

  const url = await picture.getAttribute('src');
  await caller.hangUp();
  assert.ok(await picture.isVisible(), 'what was drawn stays after the call');
  await caller.call();
  const gone = await page.evaluate((src) => new Promise((done) => {
    const again = new Image();
    again.onload = () => done(false);
    again.onerror = () => done(true);
    again.src = src ?? '';
  }), url);
  assert.ok(gone, 'a new call lets go of the pictures');
  assert.deepEqual(caller.errors, []);
});

test('a drawing is cancelled, fails, or is cut off by the end', async (t) => {
  const caller = await drawingCall(t);
  const { page } = caller;
  const lines = page.locator('.picture');
  for (const id of ['one', 'two', 'three', 'four']) await caller.hears({ type: 'omnilive.image.started', image_id: id, width: 512, height: 512 });
  await lines.nth(0).getByRole('button', { name: 'Cancel drawing' }).click();
  assert.deepEqual(await caller.sent('omnilive.image.cancel'), [{ type: 'omnilive.image.cancel', image_id: 'one' }]);
  await caller.hears(
    { type: 'omnilive.image.failed', image_id: 'one', reason: 'cancelled' },
    { type: 'omnilive.image.failed', image_id: 'two', reason: 'failed', error: { type: 'server_error', code: 'x', message: 'No memory is left.' } },
    { type: 'omnilive.image.delta', image_id: 'three', index: 1, delta: 'AAAA' }, // the first piece is missing
    { type: 'omnilive.image.done', image_id: 'three', width: 512, height: 512, content_type: 'image/jpeg', bytes: 6 },
  );
  const words = () => lines.locator('.note').allInnerTexts();
  assert.deepEqual(await words(), ['Cancelled', 'It could not be drawn. No memory is left.', 'The picture did not come whole.', 'Drawing…']);
  assert.equal(await page.getByRole('button', { name: 'Cancel drawing' }).count(), 1);
  await caller.hangUp();
  assert.equal((await words())[3], 'The call ended before it was done.');
  assert.deepEqual(caller.errors, []);
});

test('a large picture is made small enough to be sent with a message', async (t) => {
  const caller = await drawingCall(t);
  const { page } = caller;
  const noise = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(1800, 1200);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const image = context.createImageData(1800, 1200);
    for (let i = 0; i < image.data.length; i++) image.data[i] = i % 4 === 3 ? 255 : (i * 2654435761) >>> 24;
    context.putImageData(image, 0, 0);
    const data = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
    let text = '';
    for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
    return btoa(text);
  });
  await page.locator('#picture').setInputFiles({ name: 'noise.png', mimeType: 'image/png', buffer: Buffer.from(noise, 'base64') });
  await page.getByAltText('Picture that goes with your message').waitFor();
  await page.getByRole('button', { name: 'Send' }).click(); // a picture needs no words
  const [{ item }] = await caller.sent('conversation.item.create');
  assert.equal(item.content.length, 1);
  assert.ok(item.content[0].image_url.length <= 200_000, `${item.content[0].image_url.length} letters`);
  await page.locator('#picture').setInputFiles({ name: 'letter.txt', mimeType: 'text/plain', buffer: Buffer.from('Dear reader') });
  await page.getByRole('alert').getByText('The picture cannot be used').waitFor();
  assert.deepEqual(caller.errors, []);
});

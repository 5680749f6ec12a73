// A caller in a real browser: opens the page, speaks, listens, and remembers what came.

import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { rate, side, writeWav } from './sound.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
export const out = path.join(here, 'out');
export const base = process.env.OMNILIVE_URL ?? 'http://127.0.0.1:8080';
const speech = path.join(out, 'speech');

/**
 * @typedef {object} Options
 * @property {string} [file] phrase that Chromium itself plays as the microphone, from the moment it is opened
 * @property {string} [camera] file that Chromium shows as the camera
 * @property {number} [cameras] how many cameras there are
 * @property {number} [width]
 * @property {number} [height]
 * @property {'light' | 'dark'} [scheme]
 * @property {'allowed' | 'denied' | 'none'} [devices]
 * @property {(page: import('playwright-core').Page) => Promise<unknown>} [before] runs before the page is opened
 * @property {string} [url]
 */

/**
 * Opens the page in a fresh browser, closed again when the test ends.
 * @param {import('node:test').TestContext} t
 * @param {Options} [options]
 */
export async function open(t, options = {}) {
  const { width = 1200, height = 800, scheme = 'light', url = base } = options;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: flags(options), ignoreDefaultArgs: ['--mute-audio'],
  });
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme });
  t.after(async () => {
    await page.goto('about:blank').catch(() => {}); // leaving the page hangs up, as closing a tab does
    await browser.close();
  });
  page.setDefaultTimeout(20000);
  await page.route((address) => address.href === new URL('/', base).href, admit);
  await page.route('**/test/speech/*', (route) => route.fulfill({ path: path.join(speech, path.basename(new URL(route.request().url()).pathname)), contentType: 'audio/wav' }));
  await page.addInitScript({ path: path.join(here, 'studio.js') });
  const recorder = readFileSync(path.join(here, 'recorder.js'), 'utf8');
  await page.addInitScript(`studio.options = ${JSON.stringify({ file: options.file, recorder })}`);
  const caller = new Caller(page);
  page.on('pageerror', (error) => caller.errors.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) caller.errors.push(message.text());
  });
  await options.before?.(page);
  await page.goto(url);
  return caller;
}

/**
 * Lets the recorder's worklet in: the page's own policy allows scripts from its server only. All else of it stays in force.
 * @param {import('playwright-core').Route} route
 */
async function admit(route) {
  const response = await route.fetch();
  const headers = response.headers();
  const policy = headers['content-security-policy'] ?? '';
  const scripts = /script-src [^;]*/.exec(policy)?.[0] ?? "script-src 'self'";
  headers['content-security-policy'] = `${policy.replace(/script-src [^;]*;?/, '')}; ${scripts} blob:`;
  await route.fulfill({ response, headers });
}

/** @param {Options} options */
function flags({ file, camera, cameras = 1, devices = 'allowed' }) {
  const all = ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--disable-features=WebRtcHideLocalIpsWithMdns', '--allow-loopback-in-peer-connection'];
  if (devices !== 'none') all.push(`--use-fake-device-for-media-stream=device-count=${cameras}`);
  if (devices !== 'denied') all.push('--use-fake-ui-for-media-stream');
  if (file) all.push(`--use-file-for-fake-audio-capture=${path.join(speech, file)}.wav%noloop`);
  if (camera) all.push(`--use-file-for-fake-video-capture=${camera}`);
  return all;
}

/** A Caller is one browser with the page in it. */
export class Caller {
  /** @type {string[]} errors of the page itself; every case wants none */
  errors = [];

  /** @param {import('playwright-core').Page} page */
  constructor(page) {
    this.page = page;
  }

  /** Presses Call and waits until the call stands. */
  async call() {
    await this.page.getByRole('button', { name: 'Call', exact: true }).click();
    await this.page.getByRole('button', { name: 'Hang up' }).waitFor();
    await this.until('session.created');
  }

  async hangUp() {
    await this.page.getByRole('button', { name: 'Hang up' }).click();
    await this.page.getByText('Call ended', { exact: true }).waitFor();
  }

  /**
   * Says a phrase of speech.json; resolves when it has been said.
   * @param {string} name
   */
  async say(name) {
    await this.page.evaluate((which) => window.studio.say(which), name);
  }

  /**
   * Waits for the nth event of a type, counted from one.
   * @param {string} type
   * @param {number} [nth]
   * @param {number} [limit] milliseconds
   * @returns {Promise<any>}
   */
  async until(type, nth = 1, limit = 30000) {
    const found = await this.page.waitForFunction(
      ([wanted, n]) => window.studio.events.filter((event) => event.type === wanted)[n - 1],
      /** @type {[string, number]} */ ([type, nth]), { timeout: limit, polling: 20 },
    ).catch(async (cause) => {
      throw new Error(`no ${type} (${nth}) came within ${limit} ms; there were: ${(await this.events()).map((event) => event.type).join(' ')}\n${cause.message}`);
    });
    return found.jsonValue();
  }

  /**
   * Waits until the far end has been talking for a while and still is.
   * @param {number} [after] milliseconds since its first sound
   */
  async farTalks(after = 1500) {
    await this.until('output_audio_buffer.started');
    await this.page.waitForTimeout(after);
    await this.page.waitForFunction(() => performance.now() - window.studio.farHeardAt < 120, null, { polling: 20 });
  }

  /**
   * Waits until the transcript says something.
   * @param {string} text a regular expression
   */
  async reads(text) {
    await this.page.waitForFunction((pattern) => new RegExp(pattern, 'i').test(document.getElementById('turns')?.textContent ?? ''), text, { timeout: 30000 });
  }

  /**
   * Gives the page events as if the server had sent them.
   * @param {...object} events
   */
  async hears(...events) {
    await this.page.evaluate((all) => all.forEach((event) => window.studio.hear(event)), events);
  }

  /**
   * Keeps events of these types from going out; what the page sent stands in sent all the same.
   * @param {...string} types
   */
  async keeps(...types) {
    await this.page.evaluate((all) => { window.studio.keep = all; }, types);
  }

  /**
   * What the page has sent of one type.
   * @param {string} type
   * @returns {Promise<any[]>}
   */
  async sent(type) {
    return this.page.evaluate((wanted) => window.studio.sent.filter((event) => event.type === wanted), type);
  }

  /** @returns {Promise<any[]>} */
  events() {
    return this.page.evaluate(() => window.studio.events);
  }

  /**
   * The count of events of a type so far.
   * @param {string} type
   */
  async count(type) {
    return (await this.events()).filter((event) => event.type === type).length;
  }

  /**
   * Everything said so far on both sides, kept as evidence in out/NAME.wav (left: the caller, right: the model).
   * @param {string} name
   * @returns {Promise<Int16Array>}
   */
  async recording(name) {
    const bytes = Buffer.from(await this.page.evaluate(() => window.studio.dump()), 'base64');
    const stereo = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~3)));
    mkdirSync(out, { recursive: true });
    writeWav(path.join(out, `${name}.wav`), stereo, 2);
    return stereo;
  }

  /**
   * What a recogniser that is not ours reads from the model's side of a recording.
   * @param {string} name
   * @param {Int16Array} stereo
   * @param {number} [from] second from which to listen
   */
  async heard(name, stereo, from = 0) {
    const file = path.join(out, `${name}-answer.wav`);
    writeWav(file, side(stereo, 1).subarray(Math.floor(from * rate)), 1);
    const python = process.env.OMNILIVE_PYTHON ?? path.join(here, 'venv/bin/python');
    const folder = path.join(process.env.OMNILIVE_MODELS ?? '', 'whisper-base');
    const { stdout } = await promisify(execFile)(python, [path.join(here, 'hear.py'), folder, file]);
    return stdout.trim();
  }

  /** The state in words, as a screen reader hears it. */
  state() {
    return this.page.getByRole('status').innerText();
  }

  /** @param {string} name */
  async picture(name) {
    await this.page.screenshot({ path: path.join(out, `${name}.png`) });
  }
}

/**
 * Lower case, without punctuation: what two transcripts must share.
 * @param {string} text
 */
export function plain(text) {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
}

/** The number of calls that the server says it holds. */
export async function activeCalls() {
  const text = await (await fetch(`${base}/metrics`)).text();
  const line = text.split('\n').find((each) => /^omnilive_\w*(active_calls|calls_active|calls|peers)(\{.*\})? /.test(each));
  if (!line) throw new Error('the metrics have no gauge of active calls');
  return Number(line.slice(line.lastIndexOf(' ')));
}

/** The phrases and their words. @returns {Record<string, string>} */
export function phrases() {
  return JSON.parse(readFileSync(path.join(here, 'speech.json'), 'utf8'));
}

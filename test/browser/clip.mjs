// A clip for the camera: a sign with large words, photographed by the browser itself.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { out } from './harness.mjs';

/**
 * Makes a motion-JPEG clip of a sign and returns its path.
 * @param {string} words
 */
export async function clip(words) {
  const file = path.join(out, `${words.toLowerCase().replaceAll(' ', '-')}.mjpeg`);
  if (existsSync(file)) return file;
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: 640, height: 480 } });
    await page.setContent(`<body style="margin:0;display:grid;place-items:center;height:100vh;background:#8a9a86">
      <div style="font:bold 76px sans-serif;background:#fff;color:#111;padding:44px 32px;border:10px solid #333;white-space:nowrap">${words}</div>`);
    const picture = await page.screenshot({ type: 'jpeg', quality: 90 });
    mkdirSync(out, { recursive: true });
    writeFileSync(file, Buffer.concat(Array(30).fill(picture)));
  } finally {
    await browser.close();
  }
  return file;
}

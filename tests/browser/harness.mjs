// The browser, the notes about what it did, and the tally of checks.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const FLAGS = [
  '--headless', '--no-sandbox', '--no-first-run', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  // The map needs WebGL; a machine without a graphics card draws it in software.
  '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
];

export class Harness {
  passed = 0;
  failed = 0;
  /** What went wrong on the pages: console errors, uncaught errors, requests elsewhere. */
  faults = [];
  foreign = new Set();
  /** Answers of these status codes are wished for at the moment, the console's line about them is no fault. */
  expected = new Set();

  constructor(url, shots) {
    this.url = new URL(url);
    this.shots = shots;
    if (shots) mkdirSync(shots, { recursive: true });
  }

  async start() {
    if (!CHROMIUM) throw new Error('no Chromium found: install the package chromium, or name one in CHROMIUM');
    this.browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    this.scratch = await (await this.browser.newContext()).newPage();
  }

  /** Where pictures come from: the objects port, on the console's own host. Waits for the demo to open its shops. */
  async knowObjects(key) {
    await until('the shops of the demo', async () => {
      const answer = await this.scratch.request.get(`${this.url.origin}/v1/buckets/demo-shops/objects/shops.json`, { headers: { authorization: `Bearer ${key}` } });
      return answer.ok();
    }, 60_000);
    const bucket = await this.scratch.request.get(`${this.url.origin}/v1/buckets/demo-shops`, { headers: { authorization: `Bearer ${key}` } });
    this.objects = `${this.url.hostname}:${(await bucket.json()).s3_port}`;
  }

  async stop() {
    await this.browser?.close();
  }

  async page(options = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-US', colorScheme: 'light', ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const own = (url) => {
      const { protocol, host } = new URL(url);
      return protocol === 'data:' || protocol === 'blob:' || host === this.url.host || host === this.objects;
    };
    context.on('request', (request) => own(request.url()) || this.foreign.add(request.url()));
    page.on('websocket', (socket) => own(socket.url()) || this.foreign.add(socket.url()));
    page.on('pageerror', (error) => this.faults.push(`uncaught: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      const status = /status of (\d+)/.exec(message.text())?.[1];
      if (status && this.expected.has(Number(status))) return;
      this.faults.push(`console: ${message.text()} (${message.location().url})`);
    });
    return page;
  }

  async check(name, run) {
    const started = Date.now();
    const took = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
    try {
      const said = await run();
      this.passed++;
      console.log(`ok      ${name}${said ? `: ${said}` : ''} (${took()})`);
      return true;
    } catch (error) {
      this.failed++;
      console.log(`FAILED  ${name}: ${String(error?.message ?? error).split('\n').slice(0, 6).join('\n        ')} (${took()})`);
      return false;
    }
  }

  async shot(page, name) {
    if (this.shots) await page.screenshot({ path: join(this.shots, `${name}.png`) });
  }

  /** How colourful a picture is: the number of colours, and the share of the most frequent one. */
  async colours(png) {
    return this.scratch.evaluate(async (base64) => {
      const image = new Image();
      image.src = `data:image/png;base64,${base64}`;
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height);
      const brush = canvas.getContext('2d');
      brush.drawImage(image, 0, 0);
      const { data } = brush.getImageData(0, 0, image.width, image.height);
      const counts = new Map();
      for (let i = 0; i < data.length; i += 4) {
        const colour = (data[i] << 16) | (data[i + 1] << 8) | data[i + 2];
        counts.set(colour, (counts.get(colour) ?? 0) + 1);
      }
      const most = [...counts].sort((a, b) => b[1] - a[1])[0];
      return { different: counts.size, most: most[1] / (data.length / 4), background: most[0] };
    }, png.toString('base64'));
  }
}

export function assert(condition, message) {
  if (!condition) throw new Error(message);
}

export async function until(what, probe, ms = 20_000, pause = 200) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${ms / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

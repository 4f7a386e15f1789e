// The city as the page receives it (frames of its WebSocket), and where things are on the screen.
import { assert, sleep, until } from './harness.mjs';

/** Keeps the newest frame of the live map that the page was sent. */
export class Frames {
  count = 0;
  last = null;

  constructor(page) {
    page.on('websocket', (socket) => {
      if (!socket.url().endsWith('/map/ws')) return;
      socket.on('framereceived', ({ payload }) => {
        const frame = JSON.parse(String(payload));
        if (frame.kind !== 'frame') return;
        this.last = { ...frame, at: Date.now() };
        this.count++;
      });
    });
  }

  async next(after = 1) {
    const wanted = this.count + after;
    await until('a frame of the live map', () => this.count >= wanted, 20_000, 50);
    return this.last;
  }
}

const mercator = (lon, lat) => [(lon + 180) / 360, 0.5 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI)];

/** A function from longitude and latitude to a pixel of the page, by the camera that the map notes on its element. */
export async function projection(page) {
  const map = page.getByTestId('map');
  const box = await map.boundingBox();
  const { center, zoom } = await map.evaluate((element) => ({ center: element.dataset.center, zoom: element.dataset.zoom }));
  const [lon0, lat0] = center.split(',').map(Number);
  const scale = 512 * 2 ** Number(zoom);
  const [x0, y0] = mercator(lon0, lat0);
  return (lon, lat) => {
    const [x, y] = mercator(lon, lat);
    return { x: box.x + box.width / 2 + (x - x0) * scale, y: box.y + box.height / 2 + (y - y0) * scale };
  };
}

/** The part of the page where nothing lies over the map. */
export const CLEAR = { left: 320, right: 1010, top: 90, bottom: 740 };

export const inside = ({ x, y }, area = CLEAR) => x > area.left && x < area.right && y > area.top && y < area.bottom;

export async function setSpeed(page, key, speed) {
  await page.getByTestId('speed').focus();
  await page.keyboard.press(key);
  await until(`speed ${speed}`, async () => Number(await page.getByTestId('clock').getAttribute('data-speed')) === speed);
}

export async function setPaused(page, paused) {
  const clock = page.getByTestId('clock');
  if ((await clock.getAttribute('data-paused')) !== String(paused)) await page.getByTestId('pause').click();
  await until(paused ? 'pause' : 'going on', async () => (await clock.getAttribute('data-paused')) === String(paused));
}

/** City seconds that pass in a real second, measured on the frames. */
export async function measuredSpeed(frames, seconds = 3) {
  const a = await frames.next();
  await sleep(seconds * 1000);
  const b = await frames.next();
  return (Date.parse(b.now) - Date.parse(a.now)) / (b.at - a.at);
}

export function moved(before, after) {
  const known = new Map(before.drivers.map((row) => [row[0], row]));
  return after.drivers.filter((row) => {
    const old = known.get(row[0]);
    return old && (old[1] !== row[1] || old[2] !== row[2]);
  }).length;
}

/** Waits until taxis stand still both in the frames and, one interval later, on the screen. */
export async function atRest(frames) {
  let before = await frames.next();
  await until('taxis at rest', async () => {
    const after = await frames.next();
    const still = moved(before, after) === 0;
    before = after;
    return still;
  }, 30_000, 0);
  await sleep(1500);
  return frames.last;
}

/** Where pins of shops lie over the map. */
async function shopPins(page) {
  const boxes = await page.locator('.shop-pin').evaluateAll((pins) => pins.map((pin) => pin.getBoundingClientRect()).map(({ x, y, width, height }) => ({ x: x + width / 2, y: y + height / 2 })));
  return (spot) => boxes.every((box) => Math.hypot(box.x - spot.x, box.y - spot.y) > 36);
}

/** A taxi on a clear part of the map with nothing else near it. */
export async function lonelyTaxi(page, frame) {
  const project = await projection(page);
  const taxis = frame.drivers.map((row) => ({ id: row[0], ...project(row[1], row[2]) }));
  const orders = frame.orders.map((row) => project(row[1], row[2]));
  const far = (a, b) => Math.hypot(a.x - b.x, a.y - b.y) > 26;
  const bare = await shopPins(page);
  const found = taxis.find((taxi) => inside(taxi) && bare(taxi) && taxis.every((other) => other === taxi || far(taxi, other)) && orders.every((order) => far(taxi, order)));
  assert(found, 'no taxi stands by itself on the clear part of the map');
  return found;
}

/** A request at its pickup on a clear part of the map, away from other requests. */
export async function lonelyRequest(page, frame) {
  const project = await projection(page);
  const spots = frame.orders.filter((row) => row[5] !== 'on_trip').map((row) => ({ id: row[0], ...project(row[1], row[2]) }));
  const taxis = frame.drivers.map((row) => project(row[1], row[2]));
  const bare = await shopPins(page);
  return spots.find((spot) => inside(spot) && bare(spot)
    && spots.every((other) => other === spot || Math.hypot(spot.x - other.x, spot.y - other.y) > 16)
    && taxis.every((taxi) => Math.hypot(spot.x - taxi.x, spot.y - taxi.y) > 16));
}

/** Two places on streets (taxis stand on streets), well apart on the screen. One frame may be of a city that has just moved. */
export async function twoPlaces(page, frames) {
  let found;
  await until('two places on streets far enough apart on the screen', async () => {
    const frame = await frames.next();
    const project = await projection(page);
    const spots = frame.drivers.map((row) => project(row[1], row[2])).filter((spot) => inside(spot));
    const apart = (a) => (b) => Math.hypot(a.x - b.x, a.y - b.y) > 220 && Math.hypot(a.x - b.x, a.y - b.y) < 420;
    found = spots.map((a) => [a, spots.find(apart(a))]).find(([, b]) => b);
    return found !== undefined;
  }, 30_000, 0);
  return found;
}

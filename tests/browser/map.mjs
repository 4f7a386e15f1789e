// The map: it shows, its taxis move, its clock can be turned, what is clicked tells its story.
import { atRest, lonelyRequest, lonelyTaxi, measuredSpeed, moved, setPaused, setSpeed } from './city.mjs';
import { assert, sleep, until } from './harness.mjs';

const MIDDLE = { x: 330, y: 100, width: 660, height: 620 };

export async function mapChecks({ harness, page, frames, key, origin }) {
  const started = await harness.check('the key in the address signs in and leaves the address', async () => {
    await page.goto(`${origin}/#key=${key}`);
    await page.getByTestId('board').waitFor();
    assert(!page.url().includes(key.split(':')[1]), 'the secret still stands in the address');
  });
  if (!started) return false;

  await harness.check('the map shows', async () => {
    await until('the map', async () => (await page.getByTestId('map').getAttribute('data-phase')) === 'ready', 90_000);
    return until('streets and taxis on the canvas', async () => {
      const { different, most } = await harness.colours(await page.screenshot({ clip: MIDDLE }));
      return different > 200 && most < 0.97 ? `${different} colours` : null;
    }, 60_000, 1000);
  });
  await harness.check('the counters are filled', async () => {
    const number = async (id) => Number((await page.getByTestId(id).innerText()).replaceAll(/[^\d.]/g, '') || NaN);
    await until('drivers', async () => (await number('stat-idle')) + (await number('stat-busy')) > 0, 60_000);
    return `${await number('stat-idle')} free, ${await number('stat-busy')} busy, ${await number('stat-served')} served, ${await number('stat-waiting')} waiting`;
  });
  await harness.shot(page, 'city-light');

  await harness.check('taxis move', async () => {
    await setPaused(page, false);
    const before = await frames.next();
    const picture = await page.screenshot({ clip: MIDDLE });
    return until('moved taxis', async () => {
      const count = moved(before, await frames.next());
      const other = !picture.equals(await page.screenshot({ clip: MIDDLE }));
      return count > 20 && other ? `${count} of ${before.drivers.length} moved` : null;
    }, 30_000);
  });

  await harness.check('pause stops the city and goes on again', async () => {
    await setPaused(page, true);
    let stands = await frames.next();
    await until('standing time', async () => {
      const before = stands;
      stands = await frames.next();
      return before.now === stands.now;
    });
    await sleep(1500);
    const later = await frames.next();
    await setPaused(page, false);
    assert(later.now === stands.now, `city time went on from ${stands.now} to ${later.now}`);
    await until('city time', async () => (await frames.next()).now !== later.now);
  });
  await harness.check('the slider sets the speed', async () => {
    await setPaused(page, false);
    await setSpeed(page, 'End', 60);
    const between = (low, high) => async () => {
      const speed = await measuredSpeed(frames);
      return speed > low && speed < high ? speed : null;
    };
    const fast = await until('60×', between(40, 80));
    await setSpeed(page, 'Home', 1);
    const slow = await until('1×', between(0.5, 2));
    return `60× measured ${fast.toFixed(1)}×, 1× measured ${slow.toFixed(2)}×`;
  });

  await harness.check('a click on a taxi opens its story', async () => {
    await page.getByTestId('zoom-in').click();
    await sleep(1000);
    await page.getByTestId('zoom-in').click();
    await sleep(2000);
    await setPaused(page, true);
    const taxi = await lonelyTaxi(page, await atRest(frames));
    await page.mouse.click(taxi.x, taxi.y);
    const panel = page.getByTestId('panel-driver');
    await panel.waitFor();
    assert(page.url().includes(taxi.id), `another taxi opened: ${page.url()}`);
    await panel.locator('[data-testid=timeline], [data-testid=no-story]').first().waitFor();
    const text = await panel.innerText();
    await sleep(1500);
    await harness.shot(page, 'taxi');
    await page.getByTestId('panel-close').click();
    return text.split('\n').filter(Boolean).slice(1, 4).join(' · ');
  });

  await harness.check('a click on a request opens its story', async () => {
    const spot = await until('a request by itself on the map', async () => {
      const found = await lonelyRequest(page, await atRest(frames));
      if (found) return found;
      await setPaused(page, false);
      await sleep(3000);
      await setPaused(page, true);
      return null;
    }, 120_000, 0);
    await page.mouse.click(spot.x, spot.y);
    const panel = page.getByTestId('panel-order');
    await panel.getByTestId('timeline').waitFor();
    assert(page.url().includes(spot.id), `another request opened: ${page.url()}`);
    await harness.shot(page, 'request');
    const state = await panel.getByTestId('order-state').innerText();
    await page.getByTestId('panel-close').click();
    return state.trim();
  });
  await setPaused(page, false);
  await page.getByTestId('zoom-out').click();
  await sleep(1200);
  return true;
}

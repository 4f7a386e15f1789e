// Backtests: an hour of the demo under two policies, its results in words, its films on two maps; mistakes; tables.
import { assert, sleep, until } from './harness.mjs';

const done = (page, ms) => until('the end of the backtest', async () => {
  const state = await page.getByTestId('backtest').getAttribute('data-state').catch(() => null);
  assert(state !== 'failed', `the backtest failed: ${state === 'failed' ? await page.getByTestId('backtest').innerText() : ''}`);
  return state === 'done';
}, ms, 500);

/** Two small tables on streets of Manhattan. */
function tables() {
  const corners = [[-73.9857, 40.7484], [-73.9772, 40.7527], [-73.9903, 40.7359], [-73.9819, 40.7681], [-74.0027, 40.7336], [-73.9680, 40.7614]];
  const rows = Array.from({ length: 90 }, (_, i) => {
    const [from, to] = [corners[i % 6], corners[(i * 5 + 1 + (i % 3)) % 6]];
    return `2013-11-18T16:${String(i % 20).padStart(2, '0')}:00,${from},${to === from ? corners[(i + 1) % 6] : to}`;
  });
  return {
    requests: ['request_time,pu_lon,pu_lat,do_lon,do_lat', ...rows].join('\n'),
    taxis: ['lon,lat', ...Array.from({ length: 12 }, (_, i) => String(corners[i % 6]))].join('\n'),
  };
}

export async function backtestChecks({ harness, page }) {
  await harness.check('the demo’s recorded hour is found', async () => {
    await page.getByTestId('nav-backtests').click();
    await page.getByTestId('trial-form').waitFor();
    return until('orders in the record', async () => {
      const text = await page.getByTestId('recorded-found').innerText();
      return /[1-9]/.test(text) ? text : null;
    });
  });

  await harness.check('every mistake of both policies is told beside its field', async () => {
    harness.expected.add(400);
    await page.getByTestId('a-seats').fill('0');
    await page.getByTestId('b-text-mode').click();
    await page.getByTestId('b-text').fill('batch_s = 0\n[surge]\ngain = 9.0\n');
    await page.getByTestId('trial-start').click();
    await page.locator('#a-seats-wrong').waitFor();
    const told = await page.getByTestId('b-mistakes').innerText();
    assert(told.includes('batch_s') && told.includes('surge.gain'), `policy B is told: ${told}`);
    assert((await page.getByTestId('a-seats').getAttribute('aria-invalid')) === 'true', 'the field is not marked');
    await harness.shot(page, 'backtest-mistakes');
    await sleep(200);
    harness.expected.delete(400);
  });

  const ran = await harness.check('tables are tried and the results are told', async () => {
    await page.getByTestId('nav-orders').click();
    await page.getByTestId('nav-backtests').click();
    await page.getByTestId('a-name').fill('alone');
    await page.getByTestId('b-name').fill('shared');
    await page.getByTestId('on-tables').check();
    const { requests, taxis } = tables();
    await page.getByTestId('trial-requests').setInputFiles({ name: 'requests.csv', mimeType: 'text/csv', buffer: Buffer.from(requests) });
    await page.getByTestId('trial-taxis').setInputFiles({ name: 'taxis.csv', mimeType: 'text/csv', buffer: Buffer.from(taxis) });
    await page.getByTestId('trial-seeds').fill('3');
    await harness.shot(page, 'backtest-form');
    await page.getByTestId('trial-start').click();
    await page.getByTestId('backtest').waitFor();
    await done(page, 300_000);
    const rows = page.getByTestId('results-table').locator('tbody tr');
    await rows.first().waitFor();
    const verdicts = await rows.evaluateAll((list) => list.map((row) => [row.dataset.key, row.dataset.verdict]));
    assert(verdicts.length === 17, `${verdicts.length} figures`);
    assert(verdicts.some(([, verdict]) => verdict !== 'unclear'), 'nothing is clear');
    return page.getByTestId('in-short').innerText();
  });
  if (!ran) return;

  await harness.check('both films play on both maps at the same moment', async () => {
    for (const side of ['a', 'b']) {
      await until(`map ${side}`, async () => (await page.getByTestId(`film-map-${side}`).getAttribute('data-phase')) === 'ready', 120_000);
      await until(`taxis on map ${side}`, async () => (await page.getByTestId(`film-map-${side}`).getAttribute('data-taxis')) === '12', 30_000);
    }
    const clock = () => page.getByTestId('film-clock').innerText();
    const before = await clock();
    await page.getByTestId('film-play').click();
    await until('the clock to go on', async () => (await clock()) !== before);
    await page.getByTestId('film-play').click();
    const slider = page.getByTestId('film-slider');
    await slider.focus();
    await page.keyboard.press('End');
    const served = async (side) => Number((await page.getByTestId(`tally-${side}`).locator('dd').first().innerText()).replaceAll(/\D/g, ''));
    await until('the last rider', async () => (await served('a')) > 0 && (await served('b')) > 0);
    const [a, b] = [await served('a'), await served('b')];
    assert(b >= a, `sharing served ${b}, alone ${a}`);
    await page.keyboard.press('Home');
    for (let i = 0; i < 40; i++) await page.keyboard.press('ArrowRight');
    // One camera for both.
    const centre = (side) => page.getByTestId(`film-map-${side}`).getAttribute('data-center');
    await page.getByTestId('film-map-a').locator('canvas').focus();
    const was = await centre('b');
    await page.keyboard.press('ArrowUp');
    await until('the other map to follow', async () => (await centre('b')) !== was && (await centre('a')) === (await centre('b')));
    await sleep(1200);
    await harness.shot(page, 'backtest');
    return `${a} and ${b} served`;
  });

  await harness.check('the report is one file, and what was asked can be changed', async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('download').click()]);
    assert(/^bkt_\w+\.html$/.test(download.suggestedFilename()), download.suggestedFilename());
    await page.getByTestId('again').click();
    await until('the form as it was', async () => (await page.getByTestId('b-name').inputValue()) === 'shared');
    assert((await page.getByTestId('b-kind').inputValue()) === 'pooled', 'the matching is another');
    const listed = page.getByTestId('backtests-table').locator('tbody tr');
    await listed.first().locator('a').click();
    await page.getByTestId('forget').click();
    await page.getByTestId('trial-form').waitFor();
  });

  await harness.check('a period of the live city is tried and can be called off', async () => {
    await until('orders in the record', async () => /[1-9]/.test(await page.getByTestId('recorded-found').innerText()));
    await page.getByTestId('trial-seeds').fill('30');
    await page.getByTestId('trial-start').click();
    await page.getByTestId('backtest').waitFor();
    await page.getByTestId('cancel').click();
    await until('the end', async () => (await page.getByTestId('backtest').getAttribute('data-state')) === 'cancelled');
  });
}

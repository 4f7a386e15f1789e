// For everybody: another language, the dark theme, the keyboard alone, a phone, less motion, the sign-in form.
import { assert, sleep, until } from './harness.mjs';

const ready = (page) => until('the map', async () => (await page.getByTestId('map').getAttribute('data-phase')) === 'ready', 90_000);

export async function reachChecks({ harness, page, key, origin }) {
  await page.getByTestId('nav-city').click();
  await ready(page);

  await harness.check('the language switches to Chinese and back', async () => {
    await page.getByTestId('language').click();
    await until('Chinese', async () => (await page.getByTestId('nav-city').innerText()).includes('城市'));
    assert((await page.locator('html').getAttribute('lang')) === 'zh-CN', 'the page does not say that it is Chinese');
    const board = await page.getByTestId('board').innerText();
    assert(board.includes('等待') && !/Waiting|Served/.test(board), `the counters read ${board.slice(0, 60)}`);
    await sleep(1500);
    await harness.shot(page, 'city-chinese');
    await page.getByTestId('language').click();
    await until('English', async () => (await page.getByTestId('nav-city').innerText()).includes('City'));
  });

  await harness.check('the dark theme reaches the map', async () => {
    const clip = { x: 330, y: 100, width: 660, height: 620 };
    const light = await harness.colours(await page.screenshot({ clip }));
    await until('the dark theme', async () => {
      if ((await page.locator('html').getAttribute('data-theme')) === 'dark') return true;
      await page.getByTestId('theme').click();
      return false;
    });
    await until('a dark map', async () => {
      const { background } = await harness.colours(await page.screenshot({ clip }));
      return background !== light.background && (background >> 8 & 255) < 64;
    }, 30_000, 700);
    await harness.shot(page, 'city-dark');
    await until('the light theme', async () => {
      if ((await page.locator('html').getAttribute('data-theme')) === 'light') return true;
      await page.getByTestId('theme').click();
      return false;
    });
  });

  await harness.check('the keyboard alone reaches a taxi', async () => {
    await page.reload();
    await ready(page);
    await page.keyboard.press('Tab');
    assert(await page.locator('.skip').evaluate((link) => link === document.activeElement), 'the first stop is not the skip link');
    await page.keyboard.press('Enter');
    assert(await page.locator('#content').evaluate((main) => main === document.activeElement), 'the skip link does not reach the content');
    await page.getByTestId('in-view').focus();
    await page.keyboard.press('Enter');
    const taxis = page.getByTestId('view-taxis').locator('button');
    await taxis.first().waitFor();
    await taxis.first().focus();
    await page.keyboard.press('Enter');
    await page.getByTestId('panel-driver').waitFor();
    await page.keyboard.press('Escape');
    await page.getByTestId('panel-driver').waitFor({ state: 'detached' });
  });

  await harness.check('a ride can be asked for with the keyboard on the map', async () => {
    if (await page.getByTestId('panel-close').isVisible()) await page.getByTestId('panel-close').click();
    await page.getByTestId('request-ride').click();
    await page.getByTestId('map').locator('canvas').focus();
    await page.keyboard.press('Enter');
    await until('the pickup', async () => (await page.getByTestId('ride-step').getAttribute('data-wants')) === 'dropoff');
    const centre = () => page.getByTestId('map').getAttribute('data-center');
    for (let i = 0; i < 2; i++) {
      const before = await centre();
      await page.keyboard.press('ArrowUp');
      await until('the map to move', async () => (await centre()) !== before);
    }
    await page.keyboard.press('Enter');
    await page.getByTestId('quote').waitFor();
    await page.getByTestId('panel-close').click();
  });

  await harness.check('every control has a name, every page a heading', async () => {
    for (const name of ['city', 'orders', 'drivers', 'backtests', 'files', 'sql', 'bill', 'keys', 'api']) {
      await page.getByTestId(`nav-${name}`).click();
      await page.locator('h1').first().waitFor({ state: 'attached' });
      await sleep(600);
      const nameless = await page.evaluate(() => [...document.querySelectorAll('button, a[href], input, select')]
        .filter((element) => !(element.getAttribute('aria-label') || element.textContent?.trim() || element.labels?.length || element.title))
        .map((element) => element.outerHTML.slice(0, 100)));
      assert(nameless.length === 0, `${name}: ${nameless.join('\n')}`);
      await until(`one first heading on ${name}`, async () => (await page.locator('h1').count()) === 1);
    }
  });

  await harness.check('a phone shows everything without scrolling sideways', async () => {
    const phone = await harness.page({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, reducedMotion: 'reduce' });
    await phone.goto(`${origin}/#key=${key}`);
    await ready(phone);
    await sleep(2500);
    await harness.shot(phone, 'phone-city');
    for (const name of ['orders', 'drivers', 'backtests', 'files', 'sql', 'bill', 'keys', 'api', 'city']) {
      await phone.getByTestId(`nav-${name}`).click();
      await sleep(800);
      const wide = await phone.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert(wide <= 0, `${name} is ${wide} px too wide`);
    }
    for (const language of ['Chinese', 'English']) {
      await phone.getByTestId('language').click();
      await sleep(300);
      const cut = await phone.locator('header a, header button').evaluateAll((controls) => controls.filter((control) => control.getBoundingClientRect().right > innerWidth).length);
      assert(cut === 0, `${cut} controls of the head are cut off in ${language}`);
    }
    await phone.context().close();
  });

  await harness.check('the sign-in form refuses a wrong key and takes the right one', async () => {
    harness.expected.add(401);
    await page.getByTestId('sign-out').click();
    await page.getByTestId('access').fill('nobody');
    await page.getByTestId('secret').fill('nothing');
    await page.getByTestId('sign-in-submit').click();
    await page.getByTestId('problem').waitFor();
    await harness.shot(page, 'sign-in');
    const at = key.indexOf(':');
    await page.getByTestId('access').fill(key.slice(0, at));
    await page.getByTestId('secret').fill(key.slice(at + 1));
    await page.getByTestId('sign-in-submit').click();
    await page.getByTestId('nav-city').waitFor();
    await sleep(200);
    harness.expected.delete(401);
  });
}

// Shops of the demo: pictures on the map that come out of the picture pipeline, and the story of a shop.
import { assert, until } from './harness.mjs';

/** The width of a picture that the page shows, once it has come. */
const loaded = (what, image) => until(what, async () => (await image.evaluate((img) => img.complete && img.naturalWidth)) || null);

export async function shopChecks({ harness, page, key, origin }) {
  const ask = async (path) => (await page.request.fetch(`${origin}${path}`, { headers: { authorization: `Bearer ${key}` } })).json();
  let shop;

  await harness.check('a shop is found in the list, and its pin has its picture', async () => {
    const list = await ask('/v1/buckets/demo-shops/objects/shops.json');
    await page.getByTestId('zoom-home').click();
    await page.getByTestId('in-view').click();
    const rows = page.getByTestId('view-shops').locator('button');
    await until('shops in the list', async () => (await rows.count()) > 3);
    const card = await loaded('the picture in the list', rows.first().locator('img'));
    const name = await rows.first().locator('strong').innerText();
    shop = list.shops.find((one) => one.name.en === name);
    assert(shop, `“${name}” is none of the shops`);
    await rows.first().focus();
    await page.keyboard.press('Enter');
    await page.getByTestId('panel-shop').waitFor();
    const pin = page.getByTestId(`shop-pin-${shop.id}`);
    await pin.waitFor();
    assert((await pin.getAttribute('aria-current')) === 'true', 'the pin of the chosen shop is not marked');
    const round = await loaded('the picture of the pin', pin.locator('img'));
    assert(card === 320 && round === 96, `pictures of ${card} and ${round} pixels came`);
    return name;
  });

  await harness.check('a click on a shop opens its story with the large picture', async () => {
    await page.getByTestId('panel-close').click();
    // Back in the list that was open before.
    await page.getByTestId('panel-close').click();
    await page.getByTestId(`shop-pin-${shop.id}`).click();
    const panel = page.getByTestId('panel-shop');
    await panel.waitFor();
    assert(page.url().includes(`shop=${shop.id}`), `another shop opened: ${page.url()}`);
    const width = await loaded('the large picture', page.getByTestId('shop-photo'));
    assert(width === 640, `the picture is ${width} pixels wide`);
    const text = await panel.innerText();
    for (const words of [shop.name.en, shop.trade.en, shop.corner.en]) assert(text.includes(words), `“${words}” is missing`);
    await harness.shot(page, 'shop');
    await page.getByTestId('language').click();
    await until('the Chinese name', async () => (await page.getByTestId('shop-name').locator('h3').innerText()) === shop.name.zh);
    assert((await page.getByTestId(`shop-pin-${shop.id}`).getAttribute('aria-label')).includes(shop.trade.zh), 'the pin is not named in Chinese');
    await page.getByTestId('language').click();
  });

  await harness.check('a shop leads to a ride and to its picture among the files', async () => {
    await page.getByTestId('shop-ride').click();
    await page.getByTestId('panel-ride').waitFor();
    assert((await page.getByTestId('ride-step').getAttribute('data-wants')) === 'pickup', 'the ride does not know where it ends');
    await page.getByTestId('panel-close').click();
    await page.getByTestId(`shop-pin-${shop.id}`).click();
    await page.getByTestId('shop-files').click();
    await page.getByTestId('studio').waitFor();
    await loaded('the picture in the studio', page.getByTestId('picture'));
    await page.getByTestId('nav-city').click();
    await until('the map', async () => (await page.getByTestId('map').getAttribute('data-phase')) === 'ready', 90_000);
  });
}

// The picture studio: steps become a picture, three grammars that say the same, and a style.
import { assert, sleep, until } from './harness.mjs';

export async function studioChecks({ harness, page, key, origin, bucket }) {
  const ask = (path, init = {}) => page.request.fetch(`${origin}${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } });
  const size = page.getByTestId('made-size');
  const made = (wanted) => until(`a picture of ${wanted}`, async () => (await size.count()) === 1 && (await size.innerText()) === wanted);
  const order = () => page.getByTestId('steps').locator('article').evaluateAll((cards) => cards.map((card) => card.getAttribute('data-step')).join(' '));
  const add = async (kind) => {
    await page.getByTestId('step-add').click();
    await page.getByTestId(`add-${kind}`).click();
  };
  const address = async (grammar) => {
    await page.getByTestId(`grammar-${grammar}`).check();
    return page.getByTestId('picture-address').innerText();
  };

  await harness.check('a picture tells what it is, and opens in the studio', async () => {
    const logo = await page.screenshot({ clip: { x: 0, y: 0, width: 120, height: 50 } });
    await ask(`/v1/buckets/${bucket}/objects/${encodeURIComponent('marks/logo.png')}`, { method: 'PUT', data: logo, headers: { 'content-type': 'image/png' } });
    await ask(`/v1/buckets/${bucket}`, { method: 'PUT', data: { public_read: true } });
    await page.reload();
    await page.getByTestId('objects-table').locator('a', { hasText: 'front.png' }).click();
    await until('its size', async () => (await page.getByTestId('stored-size').innerText()) === '1,200 × 800');
    await page.getByTestId('thumb').waitFor();
    harness.expected.add(404);
    await page.getByTestId('mark-read').click();
    await until('an answer about a hidden mark', async () => (await page.getByTestId('picture-about').innerText()).includes('No hidden mark'));
    harness.expected.delete(404);
    await harness.shot(page, 'files');
    await page.getByTestId('open-studio').click();
    await made('512 × 341');
  });

  await harness.check('steps are set, added, moved and removed, and the picture follows', async () => {
    await page.getByTestId('field-size-width').fill('300');
    await made('300 × 200');
    await add('rotate');
    await made('200 × 300');
    await page.getByTestId('step-up-rotate').click();
    await made('300 × 450');
    await page.getByTestId('step-open-rotate').focus();
    await page.keyboard.press('Alt+ArrowDown');
    await made('200 × 300');
    assert((await order()) === 'size rotate', `the steps are ${await order()}`);
    await page.getByTestId('step-remove-rotate').click();
    await page.getByTestId('step-open-size').click();
    await page.getByTestId('rule-8').check();
    await made('300 × 512');
    await page.getByTestId('field-size-height').fill('0');
    await page.getByTestId('field-size-height-wrong').waitFor();
    await page.getByTestId('field-size-height').fill('200');
    await made('300 × 200');
  });

  await harness.check('three steps with a picture watermark say the same in three grammars', async () => {
    await add('logo');
    harness.expected.add(400).add(404);
    await page.getByTestId('field-logo-imageurl').fill('marks/none.png');
    await until('the refusal at its field', async () => (await page.getByTestId('step-logo').innerText()).includes('marks/none.png'));
    await page.getByTestId('field-logo-imageurl').fill('marks/logo.png');
    await page.getByTestId('field-logo-gravity-NorthWest').check();
    await add('convert');
    await until('WebP', async () => (await page.getByTestId('made-format').innerText()) === 'WEBP');
    await sleep(500);
    harness.expected.delete(400);
    harness.expected.delete(404);
    assert((await order()) === 'size logo convert', `the steps are ${await order()}`);
    const tags = [];
    for (const grammar of ['iopcmd', 'x-oss-process', 'imgproxy']) {
      const answer = await page.request.get((await address(grammar)).replaceAll('|', '%7C'));
      assert(answer.ok() && answer.headers()['content-type'] === 'image/webp', `${grammar} answers ${answer.status()}`);
      tags.push(answer.headers().etag);
    }
    assert(new Set(tags).size === 1, `the grammars make different pictures: ${tags}`);
    await page.getByTestId('grammar-iopcmd').check();
    await harness.shot(page, 'studio');
    return `${await size.innerText()}, ${await page.getByTestId('picture-facts').innerText().then((text) => text.split('\n').pop())}`;
  });

  await harness.check('they are saved as a style, and the style brings them back', async () => {
    await page.getByTestId('style-name').fill('card');
    await page.getByTestId('style-save').click();
    const byStyle = await page.getByTestId('style-address').innerText();
    assert(byStyle.endsWith('?iopstyle=card'), `the style's address reads ${byStyle}`);
    const [styled, built] = await Promise.all([byStyle, await address('iopcmd')].map(async (url) => (await page.request.get(url.replaceAll('|', '%7C'))).body()));
    assert(styled.equals(built), 'the style makes another picture than its steps');
    await page.getByTestId('steps-clear').click();
    await made('1,200 × 800');
    await page.getByTestId('style-apply-card').click();
    await made('300 × 200');
    assert((await order()) === 'size logo convert', `the steps are ${await order()}`);
    await page.reload();
    await made('300 × 200');
    assert((await order()) === 'size logo convert', 'a reload lost the steps');
    await page.getByTestId('as-text').check();
    await page.getByTestId('pipeline-text').fill('image/resize,w_120');
    await made('120 × 80');
    await page.getByTestId('style-apply-card').click();
    await page.getByTestId('style-delete-card').click();
    await page.getByTestId('style-delete-sure').click();
    await page.getByTestId('style-delete-card').waitFor({ state: 'detached' });
  });

  await harness.check('an operation’s order that imgproxy cannot keep is said, not written', async () => {
    await page.getByTestId('step-remove-logo').click();
    await add('rotate');
    await add('crop');
    await page.getByTestId('grammar-imgproxy').check();
    await until('the step that is in the way', async () => (await page.getByTestId('picture-cannot').innerText()).includes('Crop'));
    await page.getByTestId('grammar-iopcmd').check();
  });

  await page.goto(`${origin}/#/files/${bucket}`);
  await page.getByTestId('drop').waitFor();
}

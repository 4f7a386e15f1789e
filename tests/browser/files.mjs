// Files: a bucket is made, files dropped into it, its settings changed; studio.mjs builds pictures in between.
import { assert, sleep, until } from './harness.mjs';
import { studioChecks } from './studio.mjs';

export async function fileChecks({ harness, page, key, origin }) {
  const bucket = `shop-${Date.now()}`;
  const ask = (path, init = {}) => page.request.fetch(`${origin}${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } });
  // A real picture of known size that nobody has to keep: what the browser shows.
  const photo = await page.screenshot({ clip: { x: 0, y: 0, width: 1200, height: 800 } });

  await harness.check('a bucket is made and takes files', async () => {
    await page.getByTestId('nav-files').click();
    await page.getByTestId('bucket-name').fill(bucket);
    await page.getByTestId('bucket-create').click();
    await page.getByTestId('drop').waitFor();
    const files = [
      { name: 'front.png', mimeType: 'image/png', buffer: photo },
      { name: '菜单.txt', mimeType: 'text/plain', buffer: Buffer.from('包子 2 元') },
    ];
    await page.getByTestId('file-chooser').setInputFiles(files);
    const rows = page.getByTestId('objects-table').locator('tbody tr');
    await until('both files in the list', async () => (await rows.count()) === 2);
    await until('the uploads to end', async () => (await page.getByTestId('uploads').locator('li[data-state=done]').count()) === 2);
    const stored = await ask(`/v1/buckets/${bucket}/objects/${encodeURIComponent('菜单.txt')}`);
    assert((await stored.text()) === '包子 2 元', 'what was stored is not what was sent');
  });

  await harness.check('files are dropped, also into folders', async () => {
    const data = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(['one'], 'dropped.txt', { type: 'text/plain' }));
      return transfer;
    });
    await page.getByTestId('drop').dispatchEvent('drop', { dataTransfer: data });
    await page.getByTestId('objects-table').locator('tr', { hasText: 'dropped.txt' }).waitFor();
    const put = await ask(`/v1/buckets/${bucket}/objects/${encodeURIComponent('menu/tea.txt')}`, { method: 'PUT', data: 'tea' });
    assert(put.ok(), `an upload by the API answers ${put.status()}`);
    await page.reload();
    await page.getByTestId('objects-table').locator('a', { hasText: 'menu/' }).click();
    await page.getByTestId('objects-table').locator('tr', { hasText: 'tea.txt' }).waitFor();
    await page.goBack();
  });

  await studioChecks({ harness, page, key, origin, bucket });

  await harness.check('a bucket’s settings: five sizes of every upload, sealed addresses, a limit', async () => {
    await page.getByTestId('bucket-settings-open').click();
    await page.getByTestId('rule-five').click();
    await page.getByTestId('rule-prefix').fill('shop/');
    assert((await page.getByTestId('rule-example').innerText()).includes('shop/160/door.webp'), 'the example does not show where a size goes');
    await page.getByTestId('sealed').check();
    await page.getByTestId('protect-some').check();
    await sleep(300);
    await harness.shot(page, 'bucket-settings');
    await page.getByTestId('settings-save').click();
    await page.getByTestId('save-bar').waitFor({ state: 'detached' });
    const said = await (await ask(`/v1/buckets/${bucket}/pictures`)).json();
    assert(said.sealed && said.protect.includes('jpg') && said.rules[0].results.length === 5, `the settings read ${JSON.stringify(said)}`);
    await page.getByTestId('protect-none').check();
    await page.getByTestId('settings-save').click();
    await page.getByTestId('save-bar').waitFor({ state: 'detached' });
    await page.getByTestId('bucket-toggle').click();
    await until('only keys to read', async () => !(await (await ask(`/v1/buckets/${bucket}`)).json()).public_read);
    await page.getByTestId('limit-bytes').fill('50');
    await page.getByTestId('limit-objects').fill('100');
    await page.getByTestId('limit-set').click();
    await until('the limit to be shown', async () => (await page.getByTestId('used-objects').innerText()).includes('of 100'));
    const put = await ask(`/v1/buckets/${bucket}/objects/${encodeURIComponent('shop/window.png')}`, { method: 'PUT', data: photo, headers: { 'content-type': 'image/png' } });
    assert(put.ok(), `an upload answers ${put.status()}`);
    await until('five sizes', async () => {
      const { items } = await (await ask(`/v1/buckets/${bucket}/objects?deep=true&prefix=shop/`)).json();
      return [160, 320, 640, 1280, 1920].every((width) => items.some((one) => one.key === `shop/${width}/window.webp`));
    });
  });

  await harness.check('files and the empty bucket are deleted', async () => {
    await page.goto(`${origin}/#/files/${bucket}?key=front.png`);
    await page.getByTestId('object-remove').click();
    await page.getByTestId('object-remove-sure').click();
    await until('the picture to be gone', async () => (await page.getByTestId('objects-table').locator('tr', { hasText: 'front.png' }).count()) === 0);
    const { items } = await (await ask(`/v1/buckets/${bucket}/objects?deep=true&limit=200`)).json();
    for (const { key } of items) await ask(`/v1/buckets/${bucket}/objects/${encodeURIComponent(key)}`, { method: 'DELETE' });
    await page.reload();
    await page.getByTestId('bucket-remove').click();
    await page.getByTestId('bucket-form').waitFor();
    assert((await ask(`/v1/buckets/${bucket}`)).status() === 404, 'the bucket is still there');
  });
}

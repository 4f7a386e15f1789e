// Files: a bucket is made, a picture dropped into it, and a pipeline built with its preview.
import { assert, sleep, until } from './harness.mjs';

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

  await harness.check('a picture goes through a pipeline, and its address says the same', async () => {
    await page.getByTestId('objects-table').locator('a', { hasText: 'front.png' }).click();
    const facts = page.getByTestId('picture-facts');
    const made = (size) => until(`a picture of ${size}`, async () => (await facts.innerText()).startsWith(size));
    await made('512 × 341');
    await page.getByTestId('field-fit-width').fill('300');
    await made('300 × 200');
    await page.getByTestId('step-add').selectOption('rotate');
    await made('200 × 300');
    await page.getByTestId('step-add').selectOption('words');
    await page.getByTestId('step-add').selectOption('convert');
    await until('WebP', async () => (await facts.innerText()).includes('webp'));
    const address = await page.getByTestId('picture-address').innerText();
    assert(address.includes(`/${bucket}/front.png?iopcmd=thumbnail&type=14&width=300`), `the address reads ${address}`);
    await page.getByTestId('field-fit-width').fill('0');
    await until('the mistake to be told', async () => (await page.getByTestId('file-detail').locator('.note').count()) === 1);
    await page.getByTestId('field-fit-width').fill('640');
    await made('427 × 640');
    await sleep(300);
    await harness.shot(page, 'files');
    return await facts.innerText();
  });

  await harness.check('files and the empty bucket are deleted', async () => {
    await page.getByTestId('object-remove').click();
    await page.getByTestId('object-remove-sure').click();
    await until('the picture to be gone', async () => (await page.getByTestId('objects-table').locator('tr', { hasText: 'front.png' }).count()) === 0);
    for (const name of ['菜单.txt', 'dropped.txt', 'menu/tea.txt']) await ask(`/v1/buckets/${bucket}/objects/${encodeURIComponent(name)}`, { method: 'DELETE' });
    await page.reload();
    await page.getByTestId('bucket-remove').click();
    await page.getByTestId('bucket-form').waitFor();
    assert((await ask(`/v1/buckets/${bucket}`)).status() === 404, 'the bucket is still there');
  });
}

// The other pages: orders, drivers, keys, the API.
import { assert, sleep, until } from './harness.mjs';

export async function listChecks({ harness, page, origin }) {
  await harness.check('orders are listed, filtered, paged and told', async () => {
    await page.getByTestId('nav-orders').click();
    const rows = page.getByTestId('orders-table').locator('tbody tr');
    await rows.first().waitFor();
    const first = await rows.count();
    await page.getByTestId('orders-filter').selectOption('completed');
    await until('only completed orders', async () => {
      const states = await rows.locator('[data-state]').evaluateAll((tags) => tags.map((tag) => tag.dataset.state));
      return states.length > 0 && states.every((state) => state === 'completed');
    });
    await rows.first().locator('a').click();
    const detail = page.getByTestId('order-detail');
    await detail.getByTestId('timeline').waitFor();
    assert((await detail.locator('li[data-kind=completed]').count()) === 1, 'the events of a completed order lack its end');
    await harness.shot(page, 'orders');
    await page.getByTestId('orders-filter').selectOption('');
    const more = page.getByTestId('orders-more');
    await sleep(800);
    if (await more.isVisible()) {
      const before = await rows.count();
      await more.click();
      await until('the next page', async () => (await rows.count()) > before);
    }
    return `${first} on the first page`;
  });

  await harness.check('drivers are listed and told', async () => {
    await page.getByTestId('nav-drivers').click();
    const rows = page.getByTestId('drivers-table').locator('tbody tr');
    await rows.first().waitFor();
    await rows.first().locator('a').first().click();
    await page.getByTestId('driver-detail').getByTestId('driver-state').waitFor();
    await sleep(500);
    await harness.shot(page, 'drivers');
    return `${await rows.count()} on the first page`;
  });

  await harness.check('a key is made, shown once, and revoked', async () => {
    await page.getByTestId('nav-keys').click();
    const name = `browser test ${Date.now()}`;
    await page.getByTestId('key-name').fill(name);
    await page.getByTestId('key-create').click();
    const made = page.getByTestId('key-made');
    await made.waitFor();
    const [access, secret] = await made.locator('code').allInnerTexts();
    const asked = () => page.evaluate(async (pair) => (await fetch('/v1/me', { headers: { authorization: `Bearer ${pair}` } })).status, `${access}:${secret}`);
    assert((await asked()) === 200, 'the new key does not open the API');
    await harness.shot(page, 'keys');
    await page.getByTestId('nav-orders').click();
    await page.getByTestId('nav-keys').click();
    const row = page.getByTestId('keys-table').locator('tr', { hasText: name });
    await row.waitFor();
    assert(!(await page.content()).includes(secret), 'the secret is shown a second time');
    await row.getByRole('button').click();
    await page.getByRole('dialog').getByRole('button').last().click();
    await until('the revocation', async () => (await row.getByRole('button').count()) === 0);
    harness.expected.add(401);
    assert((await asked()) === 401, 'the revoked key still opens the API');
    await sleep(200);
    harness.expected.delete(401);
  });

  await harness.check('the API page leads to the reference', async () => {
    await page.getByTestId('nav-api').click();
    const link = page.getByTestId('api-docs');
    await link.waitFor();
    const answer = await page.request.get(new URL(await link.getAttribute('href'), origin).href);
    assert(answer.ok(), `the reference answers ${answer.status()}`);
    const spec = await (await page.request.get(`${origin}/openapi.json`)).json();
    return `OpenAPI ${spec.openapi}, ${Object.keys(spec.paths).length} paths`;
  });
}

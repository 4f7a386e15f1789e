// The page for SQL: the city's hour is asked while it runs.
import { assert, sleep, until } from './harness.mjs';

export async function sqlChecks({ harness, page }) {
  const write = async (text) => {
    await page.getByTestId('sql-text').click();
    await page.keyboard.press('Control+A');
    await page.keyboard.type(text);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+Enter');
  };

  await harness.check('the running city answers SQL', async () => {
    await page.getByTestId('nav-sql').click();
    await page.getByTestId('sql-tables').first().waitFor();
    const rows = page.getByTestId('sql-rows').locator('tbody tr');
    await until('events of orders', async () => {
      await write('SELECT kind, count(*) AS events FROM order_events GROUP BY kind ORDER BY events DESC');
      await page.getByTestId('sql-took').waitFor();
      return (await rows.count()) > 1;
    });
    await page.getByTestId('sql-tab-chart').click();
    await page.getByTestId('sql-chart').locator('canvas').waitFor();
    await sleep(300);
    await harness.shot(page, 'sql');
    return `${await page.getByTestId('sql-took').innerText()}`;
  });

  await harness.check('tables are completed while they are written', async () => {
    await page.getByTestId('sql-text').click();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('SELECT * FROM order_ev');
    await page.locator('.cm-tooltip-autocomplete', { hasText: 'order_events' }).waitFor();
    await page.keyboard.press('Escape');
  });

  await harness.check('a mistake is told and pointed at', async () => {
    harness.expected.add(400);
    await write('SELECT knd FROM order_events');
    await page.getByTestId('problem').waitFor();
    const told = await page.getByTestId('problem').innerText();
    assert(told.includes('knd'), `the mistake is told as: ${told}`);
    harness.expected.delete(400);
  });

  await harness.check('a plan, a saved statement, the history', async () => {
    await write('SELECT 1 AS one');
    await page.getByTestId('sql-took').waitFor();
    await page.getByTestId('sql-explain').click();
    await page.getByTestId('sql-plan').waitFor();
    const estimate = await page.getByTestId('sql-estimate').innerText();
    assert(/\d/.test(estimate), `the plan's cost is told as: ${estimate}`);
    await page.getByTestId('sql-save').click();
    await page.getByTestId('sql-name').fill('one');
    await page.keyboard.press('Enter');
    await page.getByTestId('sql-saved').locator('li', { hasText: 'one' }).waitFor();
    await page.getByTestId('sql-side-history').click();
    await page.getByTestId('sql-history').locator('li').first().waitFor();
  });

  await harness.check('what a statement costs is told, at the speed that is chosen', async () => {
    await page.getByTestId('sql-speed').selectOption('fast');
    await write('SELECT count(*) AS events, count(DISTINCT order_id) AS orders FROM order_events');
    const cost = page.getByTestId('sql-cost');
    await cost.waitFor();
    const told = await cost.innerText();
    assert(/[1-9]/.test(told), `the cost is told as: ${told}`);
    await page.getByTestId('sql-history-cost').first().waitFor();
    await page.getByTestId('sql-explain').click();
    await page.getByTestId('sql-estimate').waitFor();
    await page.getByTestId('sql-tab-table').click();
    await harness.shot(page, 'sql-cost');
    await page.getByTestId('sql-speed').selectOption('standard');
    return told;
  });
}

// The bill: lines, their records, and caps.
import { assert, until } from './harness.mjs';

export async function billChecks({ harness, page }) {
  await harness.check('the bill shows lines and the records behind them', async () => {
    await page.getByTestId('nav-bill').click();
    const line = page.getByTestId('bill-line-api_requests');
    await line.waitFor();
    assert((await page.getByTestId('bill-month').locator('option').count()) >= 1, 'there is no month to choose');
    await line.click();
    const records = page.getByTestId('bill-records').locator('tbody tr');
    await records.first().waitFor();
    assert((await page.getByTestId('bill-due').innerText()).includes('$'), 'the sum has no currency');
    await harness.shot(page, 'bill');
    return `${await records.count()} records of one line`;
  });

  await harness.check('caps are set, kept, and taken away', async () => {
    const cap = page.getByTestId('cap-month');
    await cap.fill('a lot');
    assert(await page.getByTestId('caps-save').isDisabled(), 'nonsense can be sent');
    await cap.fill('250');
    await page.getByTestId('cap-scan').fill('2.5');
    await page.getByTestId('caps-save').click();
    await until('the word that they hold', async () => (await page.getByTestId('caps-saved').innerText()) !== '');
    await page.getByTestId('nav-orders').click();
    await page.getByTestId('nav-bill').click();
    await until('the caps after coming back', async () => (await cap.inputValue()) === '250.00' && (await page.getByTestId('cap-scan').inputValue()) === '2.5');
    await cap.fill('');
    await page.getByTestId('cap-scan').fill('');
    await page.getByTestId('caps-save').click();
    await until('the word that they are gone', async () => (await page.getByTestId('caps-saved').innerText()) !== '');
  });
}

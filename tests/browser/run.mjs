// Drives the console of a running `doorstep up --demo` in headless Chromium.
//   DOORSTEP_URL  http://127.0.0.1:8080
//   DOORSTEP_KEY  access:secret of a key with the scope admin
//   SHOTS         a directory for screenshots (optional)
import { backtestChecks } from './backtests.mjs';
import { billChecks } from './bill.mjs';
import { Frames } from './city.mjs';
import { fileChecks } from './files.mjs';
import { Harness } from './harness.mjs';
import { listChecks } from './lists.mjs';
import { mapChecks } from './map.mjs';
import { reachChecks } from './reach.mjs';
import { rideChecks } from './ride.mjs';
import { shopChecks } from './shops.mjs';
import { sqlChecks } from './sql.mjs';
import { surgeChecks } from './surge.mjs';

const { DOORSTEP_URL, DOORSTEP_KEY, SHOTS } = process.env;
if (!DOORSTEP_URL || !DOORSTEP_KEY) {
  console.error('set DOORSTEP_URL (http://host:port) and DOORSTEP_KEY (access:secret)');
  process.exit(2);
}

const harness = new Harness(DOORSTEP_URL, SHOTS);
await harness.start();
await harness.knowObjects(DOORSTEP_KEY);
try {
  const page = await harness.page();
  const frames = new Frames(page);
  const given = { harness, page, frames, key: DOORSTEP_KEY, origin: harness.url.origin };
  if (await mapChecks(given)) {
    await rideChecks(given);
    await surgeChecks(given);
    await shopChecks(given);
    await listChecks(given);
    await fileChecks(given);
    await billChecks(given);
    await sqlChecks(given);
    await backtestChecks(given);
    await reachChecks(given);
  }
  await harness.check('no error on any page', () => {
    if (harness.faults.length > 0) throw new Error([...new Set(harness.faults)].join('\n'));
  });
  await harness.check('no request left Doorstep', () => {
    if (harness.foreign.size > 0) throw new Error([...harness.foreign].join('\n'));
  });
} finally {
  await harness.stop();
}
console.log(`${harness.passed} passed, ${harness.failed} failed`);
process.exit(harness.failed === 0 ? 0 : 1);

// sharp over one picture, again and again: `node sharp.mjs MODULE_DIR FILE FORMAT QUALITY ROUNDS OUT`.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";

const [dir, file, format, quality, rounds, out] = process.argv.slice(2);
const sharp = createRequire(dir + "/")("sharp");
sharp.cache(false);
sharp.concurrency(1);
let result;
let before;
for (let round = 0; round <= Number(rounds); round++) {
  if (round === 1) before = process.cpuUsage();
  result = await sharp(readFileSync(file)).rotate().resize(512)[format]({ quality: Number(quality) }).toBuffer();
}
const used = process.cpuUsage(before);
writeFileSync(out, result);
const status = readFileSync("/proc/self/status", "utf8");
console.log(JSON.stringify({
  cpu_ms: Math.round((used.user + used.system) / 10 / Number(rounds)) / 100,
  peak_kb: Number(/VmHWM:\s*(\d+)/.exec(status)[1]),
  bytes: result.length,
  version: sharp.versions.sharp ?? "",
  vips: sharp.versions.vips,
}));

// Rules of what is made of uploads, as the settings page writes them.
import type { PictureResult, PictureRule } from '../api/types';
import { stepsOfText } from './addresses';
import { keptEnding } from './formats';

/** Widths of a shop window, from a list's picture to a full screen. */
export const FIVE_WIDTHS = [160, 320, 640, 1280, 1920] as const;

const ofWidth = (width: number): PictureResult => ({
  process: `iopcmd=thumbnail&type=14&width=${width}&height=${width}|iopcmd=convert&dst=webp&Q=80`,
  key: `{dir}${width}/{stem}.{ext}`,
});

/** A name that none of the rules has: `sizes`, `sizes-2`. */
export function freshName(rules: readonly PictureRule[], wanted: string): string {
  let name = wanted;
  for (let n = 2; rules.some((rule) => rule.name === name); n += 1) name = `${wanted}-${n}`;
  return name;
}

/** A rule that stores five sizes of whatever is uploaded, or one result to begin with. */
export function freshRule(rules: readonly PictureRule[], five: boolean): PictureRule {
  return { name: freshName(rules, five ? 'sizes' : 'rule'), prefix: '', content_types: [], results: five ? FIVE_WIDTHS.map(ofWidth) : [ofWidth(640)] };
}

/** The ending of the format that the server writes: what the last step that names one says, else the source's. */
function endingOf(process: string, styles: ReadonlyMap<string, string>, source: string): string {
  const text = process.startsWith('style/') ? (styles.get(process.slice('style/'.length)) ?? '') : process;
  let named: string | undefined;
  for (const { kind, values } of stepsOfText(text) ?? []) {
    if (kind === 'convert' && values['dst'] !== 'source') named = values['dst'];
    // UFile's word makes a JPEG of it as well.
    if (kind === 'interlace' && values['value'] === '1') named = 'jpg';
  }
  // Nobody is there whose wishes `auto` could follow. A source whose key does not tell is most likely a photo.
  return named === undefined || named === 'auto' ? (keptEnding(source) ?? 'jpg') : named;
}

/** Where the result of an upload goes: the server's `rules::target`. */
export function targetOf(result: PictureResult, source: string, styles: ReadonlyMap<string, string>): string {
  const at = source.lastIndexOf('/') + 1;
  const [dir, name] = [source.slice(0, at), source.slice(at)];
  const dot = name.lastIndexOf('.');
  const stem = dot < 0 ? name : name.slice(0, dot);
  const parts: Record<string, string> = { '{dir}': dir, '{stem}': stem, '{key}': source, '{ext}': endingOf(result.process, styles, source) };
  return result.key.replaceAll(/\{(dir|stem|key|ext)\}/g, (place) => parts[place] ?? place);
}

/** Words between commas or on lines, without what is empty. */
export const wordsOf = (text: string): string[] => text.split(/[\s,，]+/).filter(Boolean);

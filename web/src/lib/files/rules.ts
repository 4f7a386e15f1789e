// Rules of what is made of uploads, as the settings page writes them.
import type { PictureResult, PictureRule } from '../api/types';
import { stepsOfText } from './addresses';

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

/** The ending that a result gets; that of the source where the pipeline names no format. */
function endingOf(process: string, styles: ReadonlyMap<string, string>, own: string): string {
  const text = process.startsWith('style/') ? (styles.get(process.slice('style/'.length)) ?? '') : process;
  const format = stepsOfText(text)?.find((step) => step.kind === 'convert')?.values['dst'];
  return format === undefined || format === 'source' || format === 'auto' ? own : format;
}

/** Where the result of an upload goes. */
export function targetOf(result: PictureResult, source: string, styles: ReadonlyMap<string, string>): string {
  const at = source.lastIndexOf('/') + 1;
  const [dir, name] = [source.slice(0, at), source.slice(at)];
  const dot = name.lastIndexOf('.');
  const [stem, own] = dot > 0 ? [name.slice(0, dot), name.slice(dot + 1)] : [name, 'jpg'];
  const parts: Record<string, string> = { '{dir}': dir, '{stem}': stem, '{key}': source, '{ext}': endingOf(result.process, styles, own) };
  return result.key.replaceAll(/\{(dir|stem|key|ext)\}/g, (place) => parts[place] ?? place);
}

/** Words between commas or on lines, without what is empty. */
export const wordsOf = (text: string): string[] => text.split(/[\s,，]+/).filter(Boolean);

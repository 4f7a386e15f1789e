// Where the same picture is found, in each of the grammars.
import { imgproxyOf } from './imgproxy';
import type { StepKind } from './operations';
import { ossOf } from './oss';
import { isOss, stepsOfOss } from './ossread';
import { stepsOf, textOf, type Step } from './pipeline';
import { objectOf, pathOf, type Served } from './served';

export const GRAMMARS = ['iopcmd', 'x-oss-process', 'imgproxy'] as const;
export type Grammar = (typeof GRAMMARS)[number];
export type Said = { address: string } | { not: StepKind; order: boolean };

export interface Source extends Served { everybody: boolean }

/** What stands for a signature: nothing has to be signed where everybody may read. */
const signatureOf = (source: Source) => (source.everybody ? 'insecure' : 'SIGNATURE');
const pathFor = (source: Source, options: string) => `${source.origin}/${signatureOf(source)}/${options ? `${options}/` : ''}plain/s3://${source.bucket}/${pathOf(source.key)}`;

/** The process of a pipeline in OSS's words, or the step that has none. */
export function ossText(steps: readonly Step[]): { text: string } | { not: StepKind; order: boolean } {
  const words: string[] = [];
  for (const step of steps) {
    const said = ossOf(step);
    if (said === null) return { not: step.kind, order: false };
    if (said !== '') words.push(said);
  }
  return { text: words.length > 0 ? `image/${words.join('/')}` : '' };
}

export function addressOf(grammar: Grammar, steps: readonly Step[], source: Source): Said {
  if (steps.length === 0) return { address: objectOf(source) };
  if (grammar === 'iopcmd') return { address: `${objectOf(source)}?${textOf(steps)}` };
  if (grammar === 'x-oss-process') {
    const said = ossText(steps);
    if ('not' in said) return said;
    return { address: `${objectOf(source)}${said.text ? `?x-oss-process=${said.text}` : ''}` };
  }
  const said = imgproxyOf(steps);
  return 'not' in said ? said : { address: pathFor(source, said.options) };
}

/** The address of a text that is in no step's words. */
export function addressOfText(text: string, source: Source): string {
  const bare = text.trim().replace(/^\?/, '');
  if (bare === '') return objectOf(source);
  if (bare.startsWith('image/')) return `${objectOf(source)}?x-oss-process=${bare}`;
  return bare.startsWith('/') ? `${source.origin}${bare}` : `${objectOf(source)}?${bare}`;
}

/** The addresses of a saved style. */
export function styleAddress(grammar: Grammar, style: string, source: Source): string {
  if (grammar === 'iopcmd') return `${objectOf(source)}?iopstyle=${style}`;
  if (grammar === 'x-oss-process') return `${objectOf(source)}?x-oss-process=style/${style}`;
  return pathFor(source, `pr:${style}`);
}

/** The steps of a pipeline's text in either grammar that has an order; null where they have no words for all of it. */
export const stepsOfText = (text: string): Step[] | null => (isOss(text) ? stepsOfOss(text.trim()) : stepsOf(text));

/** Whether two texts say the same, as far as their steps can tell. */
export function sameText(one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [stepsOfText(one), stepsOfText(other)];
  return a !== null && b !== null && textOf(a) === textOf(b);
}

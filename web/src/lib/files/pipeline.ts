// The steps of a picture pipeline, and their text in UFile's grammar: written from the table of operations, and read back.
import { operationOf, STEP_KINDS, type Field, type StepKind, type Values } from './operations';

export interface Step { kind: StepKind; values: Values }

export const fieldsOf = (kind: StepKind): readonly Field[] => operationOf(kind).fields;

/** The fields that mean something with these values. */
export const shownFields = (step: Step): Field[] => fieldsOf(step.kind).filter((field) => field.when?.(step.values) ?? true);

export const fresh = (kind: StepKind, values: Values = {}): Step => ({
  kind,
  values: { ...Object.fromEntries(fieldsOf(kind).map((field) => [field.name, field.usual])), ...values },
});

/** URL-safe Base64 of a text's UTF-8, as the grammars want texts. */
export function base64url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** The text in Base64 of either alphabet; null for what is none. */
export function fromBase64url(coded: string): string | null {
  try {
    const bytes = Uint8Array.from(atob(coded.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

export const byteLength = (text: string): number => new TextEncoder().encode(text).length;

/** `#FF0000` as the grammars like it: `ff0000`. */
export const plainColour = (text: string): string => text.trim().replace(/^#|^0x/i, '').toLowerCase();
const COLOUR = /^([\da-f]{3}|[\da-f]{6}|[\da-f]{8}|[a-z]{3,11})$/;

/** What is wrong with a value, if anything. */
export function fault(field: Field, value: string): 'empty' | 'range' | 'long' | 'colour' | null {
  if (value.trim() === '') return field.empty ? null : 'empty';
  if (field.bytes !== undefined && byteLength(value) > field.bytes) return 'long';
  if (field.kind === 'colour') return COLOUR.test(plainColour(value)) ? null : 'colour';
  if (field.kind !== 'number') return null;
  const given = Number(value);
  const fits = Number.isFinite(given) && (field.broken || Number.isInteger(given)) && given >= (field.least ?? given) && given <= (field.most ?? given);
  return fits ? null : 'range';
}

export const sound = (step: Step): boolean => shownFields(step).every((field) => fault(field, step.values[field.name] ?? '') === null);

const absent = (field: Field, values: Values): string | undefined => (typeof field.absent === 'function' ? field.absent(values) : field.absent);

function commandOf(step: Step): string {
  const { command, fixed } = operationOf(step.kind);
  const given = Object.entries(fixed ?? {});
  for (const field of shownFields(step)) {
    if (field.chosen) continue;
    const raw = step.values[field.name] ?? '';
    const value = field.kind === 'colour' ? plainColour(raw) : field.kind === 'number' ? raw.trim() : raw;
    if (!field.always && value === absent(field, step.values)) continue;
    given.push([field.name, field.coded ? base64url(value) : value]);
  }
  return [`iopcmd=${command}`, ...given.map(([name, value]) => `${name}=${value}`)].join('&');
}

/** The pipeline in the grammar of `iopcmd`; empty for no steps. */
export const textOf = (steps: readonly Step[]): string => steps.map(commandOf).join('|');

function readCommand(text: string): Step | null {
  const given: Values = {};
  let command = '';
  for (const pair of text.split('&').filter(Boolean)) {
    const at = pair.indexOf('=');
    const [name, value] = at < 0 ? [pair, ''] : [decodeURIComponent(pair.slice(0, at)), decodeURIComponent(pair.slice(at + 1))];
    if (name === 'iopcmd') command = value;
    else if (name in given) return null;
    else given[name] = value;
  }
  const kind = STEP_KINDS.find((one) => {
    const { command: name, fixed } = operationOf(one);
    return name === command && Object.entries(fixed ?? {}).every(([key, value]) => given[key] === value);
  });
  return kind ? readStep(kind, given) : null;
}

/** A step of parameters in UFile's words; null where one is missing, unknown, or says what the table cannot. */
export function readStep(kind: StepKind, given: Values): Step | null {
  const { fixed } = operationOf(kind);
  // The one rule whose name would say another thing than its parameters do: inside, but larger.
  if (kind === 'size' && given['type'] === '14' && given['enlarge'] === '1') given['type'] = '9';
  const known = new Set(Object.keys(fixed ?? {}));
  const step = fresh(kind);
  for (const field of fieldsOf(kind)) {
    known.add(field.name);
    if (field.alias) known.add(field.alias);
    if (field.chosen) {
      step.values[field.name] = field.chosen(given);
      continue;
    }
    if (!(field.when?.(step.values) ?? true)) continue;
    const raw = given[field.name] ?? (field.alias === undefined || given['gravity'] !== undefined ? undefined : given[field.alias]);
    const value = raw === undefined ? absent(field, step.values) : field.coded ? fromBase64url(raw) : choiceOf(field, raw);
    if (value === undefined || value === null) return null;
    step.values[field.name] = field.kind === 'colour' ? plainColour(value) : value;
  }
  return Object.keys(given).every((name) => known.has(name)) ? step : null;
}

/** Words are read without regard to case; `jpeg` is `jpg`. */
function choiceOf(field: Field, raw: string): string | null {
  if (field.kind === 'switch') return { true: '1', false: '0' }[raw.toLowerCase()] ?? (/^[01]$/.test(raw) ? raw : null);
  if (!field.choices) return raw;
  const word = raw.toLowerCase() === 'jpeg' ? 'jpg' : raw;
  return field.choices.find((one) => one === word) ?? field.choices.find((one) => one.toLowerCase() === word.toLowerCase()) ?? null;
}

/** The steps of a text in UFile's grammar; null where the table has no words for it. */
export function stepsOf(text: string): Step[] | null {
  const bare = text.trim().replace(/^\?/, '').replaceAll(/%7c/gi, '|');
  if (bare === '') return [];
  try {
    const steps = bare.split('|').map(readCommand);
    return steps.every((step) => step !== null) ? steps : null;
  } catch {
    // An escape that is none.
    return null;
  }
}

// A policy as it is written on the page: a form for the usual settings, or the text of a TOML file.
import { fieldName, Problem } from '../api/problem';

export const KINDS = ['solo', 'pooled', 'plain', 'greedy'] as const;
export type Kind = (typeof KINDS)[number];

export interface PolicyDraft {
  mode: 'form' | 'text';
  name: string;
  kind: Kind;
  seats: number;
  batch_s: number;
  max_wait_s: number;
  max_delay_s: number;
  boarding_s: number;
  surge: boolean;
  max_multiplier: number;
  text: string;
}

export function usual(kind: Kind, name: string): PolicyDraft {
  const shared = kind === 'pooled';
  return {
    mode: 'form', name, kind, seats: shared ? 4 : 1, batch_s: shared ? 10 : 30, max_wait_s: 300, max_delay_s: 600, boarding_s: 0, surge: false, max_multiplier: 3, text: '',
  };
}

type Json = Record<string, unknown>;

/** What the form says, as the API takes it. */
export function toJson(draft: PolicyDraft): Json {
  const { name, kind, seats, batch_s, max_wait_s, max_delay_s, boarding_s } = draft;
  return {
    ...(name.trim() ? { name: name.trim() } : {}),
    seats, batch_s, max_wait_s, boarding_s,
    ...(kind === 'pooled' ? { max_delay_s } : {}),
    dispatch: { kind },
    surge: draft.surge ? { on: true, max_multiplier: draft.max_multiplier } : { on: false },
  };
}

function toml(value: unknown): string {
  return typeof value === 'number' && !Number.isInteger(value) ? String(value) : JSON.stringify(value);
}

/** The same as the text of a TOML file, to go on from. */
export function toToml(draft: PolicyDraft): string {
  const flat: string[] = [];
  const sections: string[] = [];
  for (const [key, value] of Object.entries(toJson(draft))) {
    if (typeof value === 'object' && value !== null) {
      sections.push('', `[${key}]`, ...Object.entries(value).map(([name, inner]) => `${name} = ${toml(inner)}`));
    } else {
      flat.push(`${key} = ${toml(value)}`);
    }
  }
  return [...flat, ...sections, ''].join('\n');
}

/** What is sent: the text where the text counts. */
export function source(draft: PolicyDraft): string | Json {
  return draft.mode === 'text' ? draft.text : toJson(draft);
}

/** A policy that was sent before, to be changed: JSON that the form can show becomes a form, everything else text. */
export function fromSource(sent: unknown): PolicyDraft {
  if (typeof sent === 'string') return { ...usual('solo', ''), mode: 'text', text: sent };
  const given = sent as Json;
  const dispatch = (given.dispatch ?? {}) as Json;
  const surge = (given.surge ?? {}) as Json;
  const kind = KINDS.find((one) => one === dispatch.kind) ?? 'solo';
  const base = usual(kind, String(given.name ?? ''));
  const number = (name: keyof PolicyDraft & string, from: Json = given) => (typeof from[name] === 'number' ? (from[name] as number) : (base[name] as number));
  return {
    ...base,
    seats: number('seats'), batch_s: number('batch_s'), max_wait_s: number('max_wait_s'), max_delay_s: number('max_delay_s'), boarding_s: number('boarding_s'),
    surge: surge.on === true, max_multiplier: number('max_multiplier', surge),
  };
}

/** What the API said of one policy's fields: `/a/seats` → `seats`. */
export function mistakesOf(problem: unknown, side: 'a' | 'b'): { field: string; text: string }[] {
  if (!(problem instanceof Problem)) return [];
  return problem.errors
    .filter(({ field }) => field === `/${side}` || field.startsWith(`/${side}/`))
    .map(({ field, reason, fix }) => ({ field: fieldName(field.slice(2)), text: fix ? `${reason}; ${fix}` : reason }));
}

/** What a clock on the wall of `zone` shows as `YYYY-MM-DDTHH:MM`, the form of a date and time field. */
export function wallClock(at: number, zone: string | undefined): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  }).formatToParts(at);
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? '00';
  return `${of('year')}-${of('month')}-${of('day')}T${of('hour')}:${of('minute')}`;
}

/** The moment at which that clock shows this; `null` for what is no time. */
export function fromWallClock(text: string, zone: string | undefined): number | null {
  const asUtc = Date.parse(`${text}Z`);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) || Number.isNaN(asUtc)) return null;
  // Twice: the first guess may lie on the other side of a change of the clock.
  let at = asUtc;
  for (let i = 0; i < 2; i++) at += asUtc - Date.parse(`${wallClock(at, zone)}Z`);
  return at;
}

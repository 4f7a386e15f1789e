// Data of the API in the reader's words: problems, events, actors, fare parts.
import { fieldName, Problem } from './api/problem';
import type { Money, OrderEvent } from './api/types';
import * as format from './format';
import { locale, t, tOr } from './i18n/index.svelte';

export const spell = {
  money: (value: Money) => format.money(value, locale.tag),
  fineMoney: (amount: string, currency: string) => format.fineMoney(amount, currency, locale.tag),
  quantity: (units: string) => format.quantity(units, locale.tag),
  month: (month: string) => format.monthName(month, locale.tag),
  whole: (value: number | null | undefined) => format.whole(value, locale.tag),
  short: (value: number | null | undefined) => format.short(value, locale.tag),
  bytes: (count: number | null | undefined) => format.bytes(count, locale.tag),
  duration: (seconds: number | null | undefined) => format.duration(seconds, t),
  distance: (metres: number) => format.distance(metres, t, locale.tag),
  time: (value: string | number | null | undefined, zone?: string) => format.timeOfDay(value, locale.tag, zone),
  dayAndTime: (value: string | number | null | undefined, zone?: string) => format.dayAndTime(value, locale.tag, zone),
  weekday: (value: number, zone?: string) => format.weekday(value, locale.tag, zone),
};

/** A pickup time that an hour stands for none: no car would be left. */
export const soon = (seconds: number) => (seconds >= 3600 ? t('why.pickup.gone') : spell.duration(seconds));

/** `offer_expired` → `Offer expired`, for names that the catalogue does not have. */
export function plain(name: string): string {
  const text = name.replaceAll(/[_.-]+/g, ' ').trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `order.offered` and `offered` are the same event. */
export function eventName(kind: string): string {
  return kind.replace(/^(order|ride|driver)\./, '');
}

export function eventTitle(kind: string, driverName?: string | null): string {
  return tOr(`event.${eventName(kind)}`, plain(kind), { who: driverName || t('event.adriver') });
}

/** The title of the same event in the story of one driver. */
export function storyTitle(kind: string): string {
  return tOr(`story.${eventName(kind)}`, eventTitle(kind));
}

export function actorName(actor: string): string {
  return actor === '' ? '' : tOr(`actor.${actor}`, plain(actor));
}

export function driverOf(event: OrderEvent): string | null {
  return event.order?.driver?.name ?? null;
}

export interface ProblemWords { title: string; detail: string; fields: { field: string; text: string }[] }

export function problemWords(error: unknown): ProblemWords {
  const problem = error instanceof Problem ? error : new Problem(-1, { detail: error instanceof Error ? error.message : String(error) });
  const title = tOr(`problem.${problem.code}`, problem.title || t('problem.other'), { n: problem.retryAfterS ?? 1 });
  const fields = problem.errors.map(({ field, reason, fix }) => {
    const name = fieldName(field);
    const told = fix ? `${reason} — ${fix}` : reason;
    // What every car lacks is said in the reader's language, without the name of a field that he never saw.
    const text = problem.code === 'no_such_car' ? tOr(`lack.${name}`, told) : t('problem.field', { field: name, reason: told });
    return { field: name, text };
  });
  // A detail that only says again what the fields say is left out.
  const said = problem.detail === title || problem.errors.some(({ reason }) => problem.detail.includes(reason));
  return { title, detail: said ? '' : problem.detail, fields };
}

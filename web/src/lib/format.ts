// Numbers, times and money as people read them. Pure: the language and the messages are handed in.
import type { Args, MessageKey } from './i18n/catalogue';
import type { Money } from './api/types';

export type Translate = <K extends MessageKey>(key: K, ...args: Args<K>) => string;

export function money({ minor, currency }: Money, tag: string): string {
  try {
    const format = new Intl.NumberFormat(tag, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' });
    const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
    return format.format(minor / 10 ** digits);
  } catch {
    return `${minor} ${currency}`;
  }
}

/** An exact decimal amount with every digit that counts: a request costs less than a cent. */
export function fineMoney(amount: string, currency: string, tag: string): string {
  try {
    return new Intl.NumberFormat(tag, { style: 'currency', currency, currencyDisplay: 'narrowSymbol', maximumFractionDigits: 9 }).format(Number(amount));
  } catch {
    return `${amount} ${currency}`;
  }
}

/** A quantity in its unit, as short as it can be read: what is there is never shown as nothing. */
export function quantity(units: string, tag: string): string {
  const value = Number(units);
  if (units === '0' || !Number.isFinite(value)) return units === '0' ? '0' : '—';
  if (value < 0.001) return new Intl.NumberFormat(tag, { maximumSignificantDigits: 2, maximumFractionDigits: 9 }).format(value);
  return new Intl.NumberFormat(tag, { maximumFractionDigits: 3 }).format(value);
}

/** The months of a chooser, newest first: those with usage, the present one and the one that is shown. */
export function billMonths(used: string[], shown: string, now: Date): string[] {
  const present = now.toISOString().slice(0, 7);
  return [...new Set([present, shown, ...used])].filter((month) => /^\d{4}-\d{2}$/.test(month)).sort().reverse();
}

/** `2026-11` as people write it. */
export function monthName(month: string, tag: string): string {
  return dateFormat(tag, { year: 'numeric', month: 'long' }, 'UTC').format(new Date(`${month}-01T00:00:00Z`));
}

export function whole(value: number | null | undefined, tag: string): string {
  return value === null || value === undefined || !Number.isFinite(value) ? '—' : new Intl.NumberFormat(tag, { maximumFractionDigits: 0 }).format(value);
}

/** Three significant figures or so: 0.42, 4.2, 42, 1,234. */
export function short(value: number | null | undefined, tag: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '—';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return new Intl.NumberFormat(tag, { maximumFractionDigits: digits }).format(value);
}

/** `1.2 MB`, in decimal units. */
export function bytes(value: number | null | undefined, tag: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '—';
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
  let [size, at] = [Math.max(value, 0), 0];
  while (size >= 1000 && at < units.length - 1) [size, at] = [size / 1000, at + 1];
  return new Intl.NumberFormat(tag, { style: 'unit', unit: units[at] ?? 'byte', unitDisplay: 'short', maximumFractionDigits: size < 10 && at > 0 ? 1 : 0 }).format(size);
}

export function duration(seconds: number | null | undefined, t: Translate): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '—';
  const all = Math.max(0, Math.round(seconds));
  if (all < 60) return t('unit.s', { n: all });
  if (all < 600) return all % 60 === 0 ? t('unit.min', { n: all / 60 }) : t('unit.min_s', { m: Math.floor(all / 60), s: all % 60 });
  if (all < 3600) return t('unit.min', { n: Math.round(all / 60) });
  const minutes = Math.round(all / 60);
  return t('unit.h_min', { h: Math.floor(minutes / 60), m: minutes % 60 });
}

/** m:ss, the form of counters where the place is narrow. */
export function clockDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '—';
  const all = Math.max(0, Math.round(seconds));
  return `${Math.floor(all / 60)}:${String(all % 60).padStart(2, '0')}`;
}

export function distance(metres: number, t: Translate, tag: string): string {
  if (metres < 995) return t('unit.m', { n: Math.round(metres / 10) * 10 });
  return t('unit.km', { n: new Intl.NumberFormat(tag, { maximumFractionDigits: 1 }).format(metres / 1000) });
}

function dateFormat(tag: string, options: Intl.DateTimeFormatOptions, zone: string | undefined): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat(tag, { ...options, timeZone: zone });
  } catch {
    return new Intl.DateTimeFormat(tag, { ...options, timeZone: 'UTC' });
  }
}

export function timeOfDay(time: string | number | null | undefined, tag: string, zone?: string): string {
  if (time === null || time === undefined) return '—';
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '—';
  return dateFormat(tag, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }, zone).format(date);
}

export function dayAndTime(time: string | number | null | undefined, tag: string, zone?: string): string {
  if (time === null || time === undefined) return '—';
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '—';
  return dateFormat(tag, { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, zone).format(date);
}

export function weekday(time: number, tag: string, zone?: string): string {
  return dateFormat(tag, { weekday: 'short', day: 'numeric', month: 'short' }, zone).format(new Date(time));
}

/** The end of an id is what differs in time-ordered ids. */
export function shortId(id: string): string {
  const [prefix, body] = id.split('_');
  return body && body.length > 8 ? `${prefix}_…${body.slice(-6)}` : id;
}

export function coordinates(point: { lat: number; lon: number }): string {
  return `${point.lat.toFixed(5)}, ${point.lon.toFixed(5)}`;
}

/** "40.75, -73.98" (also with a space or the Chinese comma between them). */
export function parseCoordinates(text: string): { lat: number; lon: number } | null {
  const match = /^\s*([+-]?\d+(?:\.\d+)?)\s*(?:[,，;]\s*|\s+)([+-]?\d+(?:\.\d+)?)\s*$/.exec(text);
  if (!match) return null;
  const lat = Number(match[1]);
  const lon = Number(match[2]);
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : null;
}

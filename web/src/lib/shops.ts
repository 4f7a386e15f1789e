// The demo's shops: a list and pictures in a bucket, until there is a catalogue of merchants. Their pictures come from
// the objects port, each in the size that its place on the page wants.
import * as calls from './api/calls';
import type { Client } from './api/client';
import type { Bucket, City, Point } from './api/types';
import { objectOf, originOf } from './files/served';
import type { Language } from './i18n/index.svelte';

export const SHOP_BUCKET = 'demo-shops';
const LIST = 'shops.json';
/** From this zoom on the map shows shops: the whole city at once would be a heap of pictures. */
export const SHOPS_FROM = 14.5;

/** A text in both languages of the console. */
export type Both = Record<Language, string>;
export interface Shop { id: string; name: Both; trade: Both; corner: Both; point: Point; picture: string }
export interface Shops { all: Shop[]; address: (shop: Shop, made?: string) => string }

/** What is asked of a picture: styles of the bucket for small ones, a pipeline for the large one. */
export const PICTURE = {
  pin: 'iopstyle=pin',
  card: 'iopstyle=card',
  photo: 'iopcmd=thumbnail&type=4&width=640%7Ciopcmd=convert&dst=webp&Q=84',
} as const;

const both = (value: unknown): Both | null => {
  const { en, zh } = (value ?? {}) as Partial<Both>;
  return typeof en === 'string' && typeof zh === 'string' ? { en, zh } : null;
};

/** The shops of a city out of the list; what is no shop is left out. */
export function shopsOf(list: unknown, cityId: string): Shop[] {
  const { city, shops } = (list ?? {}) as { city?: unknown; shops?: unknown };
  if (city !== cityId || !Array.isArray(shops)) return [];
  return shops.flatMap((one: Record<string, unknown> | null) => {
    const [name, trade, corner] = [both(one?.name), both(one?.trade), both(one?.corner)];
    const { id, picture, lat, lon } = one ?? {};
    if (!name || !trade || !corner || typeof id !== 'string' || typeof picture !== 'string') return [];
    if (!Number.isFinite(lat) || !Number.isFinite(lon)) return [];
    return [{ id, name, trade, corner, picture, point: { lat: Number(lat), lon: Number(lon) } }];
  });
}

/** Where pictures of a bucket are asked for: on the page's own host, at the objects port. */
export function pictureAddress(page: { protocol: string; hostname: string }, bucket: Pick<Bucket, 'name' | 's3_port'>, key: string, made?: string): string {
  return `${objectOf({ origin: originOf(page, bucket), bucket: bucket.name, key })}${made ? `?${made}` : ''}`;
}

/** Those within bounds, the nearest to a place first. */
export function nearestWithin<T extends { point: Point }>(some: readonly T[], centre: Point, holds: (point: Point) => boolean): T[] {
  const squeeze = Math.cos((centre.lat * Math.PI) / 180);
  const far = ({ point }: T) => Math.hypot((point.lon - centre.lon) * squeeze, point.lat - centre.lat);
  return some.filter(({ point }) => holds(point)).sort((a, b) => far(a) - far(b));
}

/**
 * The shops of a city, or null where it has none (yet). Lists are asked before what is in them: what is not there is
 * no fault.
 */
export async function openShops(api: Client, city: City, page: { protocol: string; hostname: string }, signal: AbortSignal): Promise<Shops | null> {
  const bucket = (await calls.buckets(api, SHOP_BUCKET.slice(0, -1), signal)).items.find(({ name }) => name === SHOP_BUCKET);
  if (!bucket?.public_read) return null;
  const there = (await calls.folder(api, SHOP_BUCKET, LIST, null, signal)).items.some(({ key }) => key === LIST);
  if (!there) return null;
  const all = shopsOf(JSON.parse(await (await calls.readObject(api, SHOP_BUCKET, LIST, signal)).text()), city.id);
  return { all, address: (shop, made) => pictureAddress(page, bucket, shop.picture, made) };
}

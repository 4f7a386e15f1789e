import { describe, expect, it } from 'vitest';
import list from '../../../demo/manhattan/shops.json';
import type { Client } from './api/client';
import type { City } from './api/types';
import { nearestWithin, openShops, pictureAddress, SHOP_BUCKET, shopsOf } from './shops';

const page = { protocol: 'http:', hostname: '127.0.0.1' };
const city = { id: 'manhattan' } as City;

describe('the list of shops', () => {
  it('is read as the demo writes it', () => {
    const shops = shopsOf(list, 'manhattan');
    expect(shops.length).toBe(list.shops.length);
    expect(shops[0]).toMatchObject({ id: 'nine-bowls', name: { en: 'Nine Bowls', zh: '九碗面' }, picture: 'nine-bowls.svg', point: { lat: 40.7609858 } });
  });
  it('says nothing of other cities', () => {
    expect(shopsOf(list, 'grid')).toEqual([]);
  });
  it('leaves out what is no shop', () => {
    const [shop] = list.shops;
    const broken = [null, 7, {}, { ...shop, lat: '40' }, { ...shop, name: { en: 'x' } }, { ...shop, picture: undefined }, shop];
    expect(shopsOf({ city: 'manhattan', shops: broken }, 'manhattan').map(({ id }) => id)).toEqual(['nine-bowls']);
    for (const nothing of [null, undefined, [], 'x', { city: 'manhattan' }]) expect(shopsOf(nothing, 'manhattan')).toEqual([]);
  });
});

describe('the address of a picture', () => {
  it('is on the host of the page, at the objects port', () => {
    const bucket = { name: 'demo-shops', s3_port: 9000 };
    expect(pictureAddress(page, bucket, 'a.svg', 'iopstyle=pin')).toBe('http://127.0.0.1:9000/demo-shops/a.svg?iopstyle=pin');
    expect(pictureAddress(page, bucket, '店/a b.svg')).toBe('http://127.0.0.1:9000/demo-shops/%E5%BA%97/a%20b.svg');
  });
});

describe('shops in view', () => {
  it('are those within, the nearest first', () => {
    const at = (id: string, lat: number, lon: number) => ({ id, point: { lat, lon } });
    const some = [at('far', 40.9, -74), at('out', 50, -74), at('near', 40.71, -74), at('east', 40.7, -73.98)];
    // A degree of longitude is shorter than one of latitude.
    expect(nearestWithin(some, { lat: 40.7, lon: -74 }, (point) => point.lat < 45).map(({ id }) => id)).toEqual(['near', 'east', 'far']);
  });
});

describe('the shops of a city', () => {
  /** Answers GETs by path, and notes what was asked. */
  function api(answers: Record<string, unknown>, asked: string[] = []): Client {
    return {
      get: (path: string) => {
        asked.push(path);
        return Promise.resolve(answers[path]);
      },
      fileWithHeaders: (path: string) => {
        asked.push(path);
        return Promise.resolve({ blob: new Blob([JSON.stringify(answers[path])]), headers: new Headers() });
      },
    } as unknown as Client;
  }
  const bucket = { name: SHOP_BUCKET, public_read: true, s3_port: 9000 };
  const found = { '/v1/buckets': { items: [bucket] }, '/v1/buckets/demo-shops/objects': { items: [{ key: 'shops.json' }] }, '/v1/buckets/demo-shops/objects/shops.json': list };
  const open = (answers: Record<string, unknown>, asked?: string[]) => openShops(api(answers, asked), city, page, new AbortController().signal);

  it('are found in their bucket', async () => {
    const shops = await open(found);
    expect(shops?.all.length).toBe(list.shops.length);
    expect(shops?.address(shops.all[0]!, 'iopstyle=card')).toBe('http://127.0.0.1:9000/demo-shops/nine-bowls.svg?iopstyle=card');
  });
  it('are none where the bucket is not there, not open, or not filled yet', async () => {
    const asked: string[] = [];
    expect(await open({ '/v1/buckets': { items: [{ ...bucket, name: 'demo-shops-old' }] } }, asked)).toBeNull();
    expect(asked).toEqual(['/v1/buckets']);
    expect(await open({ '/v1/buckets': { items: [{ ...bucket, public_read: false }] } })).toBeNull();
    expect(await open({ ...found, '/v1/buckets/demo-shops/objects': { items: [] } })).toBeNull();
  });
});

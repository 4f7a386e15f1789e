import { webcrypto } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { uniqueId, withQuery } from './client';
import { parseKey, socketProtocols, splitFragment } from './credentials';
import { grow } from './feed';
import { fieldName, Problem, problemOf } from './problem';

// Browsers have it; Node 18 does not yet.
vi.stubGlobal('crypto', webcrypto);

describe('keys', () => {
  it('are split at the first colon', () => {
    expect(parseKey('AK1:s:t')).toEqual({ access: 'AK1', secret: 's:t' });
    for (const text of ['', 'AK1', ':s', 'AK1:', 'A K:s']) expect(parseKey(text), text).toBeNull();
  });
  it('are taken out of the fragment, which otherwise stays', () => {
    expect(splitFragment('#key=AK1:s')).toEqual({ key: { access: 'AK1', secret: 's' }, rest: '' });
    expect(splitFragment('#/orders&key=AK1%3As')).toEqual({ key: { access: 'AK1', secret: 's' }, rest: '#/orders' });
    expect(splitFragment('#/orders?state=x')).toEqual({ key: null, rest: '#/orders?state=x' });
    expect(splitFragment('#key=%zz')).toEqual({ key: null, rest: '' });
  });
  it('travel in a subprotocol without signs that it may not have', () => {
    const [first, second] = socketProtocols({ access: 'AK1', secret: '~~~???' });
    expect(first).toBe('doorstep.v1');
    expect(second).toMatch(/^bearer\.[A-Za-z0-9_-]+$/);
    expect(Buffer.from(second!.slice(7), 'base64url').toString()).toBe('AK1:~~~???');
  });
});

describe('requests', () => {
  it('leave empty filters out', () => {
    expect(withQuery('/v1/orders', { city: 'm n', state: '', cursor: null, limit: 50 })).toBe('/v1/orders?city=m+n&limit=50');
    expect(withQuery('/v1/me', {})).toBe('/v1/me');
  });
  it('have keys of their own', () => {
    expect(uniqueId()).toMatch(/^[0-9a-f]{32}$/);
    expect(uniqueId()).not.toBe(uniqueId());
  });
  it('ask for a little more map than is seen', () => {
    expect(grow([-74, 40, -73, 41], 0.5)).toEqual([-74.5, 39.5, -72.5, 41.5]);
  });
});

describe('problems', () => {
  it('are read from problem+json', async () => {
    const body = { code: 'outside_area', title: 'Outside', detail: 'too far', errors: [{ field: '/pickup/lat', reason: 'r', fix: 'f' }] };
    const problem = await problemOf(new Response(JSON.stringify(body), { status: 422, headers: { 'retry-after': '3', 'x-request-id': 'q' } }));
    expect(problem).toBeInstanceOf(Problem);
    expect([problem.status, problem.code, problem.retryAfterS, problem.requestId]).toEqual([422, 'outside_area', 3, 'q']);
    expect(problem.errors[0]?.field).toBe('/pickup/lat');
  });
  it('survive answers that are not JSON', async () => {
    const problem = await problemOf(new Response('<h1>Bad gateway</h1>', { status: 502 }));
    expect(problem.code).toBe('http_502');
    expect(problem.errors).toEqual([]);
  });
  it('name fields as people write them', () => {
    expect(fieldName('/pickup/lat')).toBe('pickup.lat');
    expect(fieldName('/a~1b/c~0d')).toBe('a/b.c~d');
  });
});

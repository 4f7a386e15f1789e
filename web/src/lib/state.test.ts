import { describe, expect, it } from 'vitest';
import type { OrderEvent } from './api/types';
import { mergeEvents } from './follow.svelte';
import { extrapolate } from './live.svelte';
import { hashOf, parseHash } from './router.svelte';

const event = (version: number, kind = 'k'): OrderEvent => ({ order_id: 'o', version, kind, at: '', actor: 'rider' });

describe('addresses', () => {
  it('go there and back', () => {
    const place = parseHash(hashOf(['orders', 'ord/1'], { state: 'on_trip', driver: null }));
    expect(place.path).toEqual(['orders', 'ord/1']);
    expect([...place.query]).toEqual([['state', 'on_trip']]);
  });
  it('may be empty or damaged', () => {
    expect(parseHash('').path).toEqual([]);
    expect(parseHash('#/%zz').path).toEqual(['%zz']);
  });
});

describe('mergeEvents', () => {
  it('has each version once, in order, the newer telling of it', () => {
    const merged = mergeEvents([event(2), event(1)], [event(3), event(2, 'again')]);
    expect(merged.map((e) => [e.version, e.kind])).toEqual([[1, 'k'], [2, 'again'], [3, 'k']]);
  });
});

describe('extrapolate', () => {
  it('lets city time go on at its speed, unless it is paused', () => {
    expect(extrapolate({ now: 1000, at: 10, speed: 60, paused: false }, 110)).toBe(7000);
    expect(extrapolate({ now: 1000, at: 10, speed: 60, paused: true }, 110)).toBe(1000);
    expect(extrapolate({ now: 1000, at: 10, speed: 60, paused: false }, 5)).toBe(1000);
  });
});

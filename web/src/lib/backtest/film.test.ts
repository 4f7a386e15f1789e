import { describe, expect, it } from 'vitest';
import type { Film } from '../api/types';
import { lastBefore, LINGER_S, Player } from './film';

const film: Film = {
  seed: 1, start: '2013-11-18T16:00:00.000Z', end_s: 200, cars_left_out: 0,
  corners: [[-74_000_000, 40_700_000], [-73_990_000, 40_700_000], [-73_990_000, 40_710_000]],
  // Stands for 20 s, drives east for 10 s, north for 10 s.
  cars: [{ path: [0, 0, 20, 0, 10, 1, 10, 2], states: [0, 0, 10, 1, 20, 2] }, { path: [50, 2], states: [50, 0] }],
  requests: [
    { at_s: 5, from: 1, to: 2, promised_s: 10, picked_up_s: 30, set_down_s: 40 },
    { at_s: 20, from: 0, to: 2, lost_s: 60 },
    { at_s: 25, from: 0, to: 1, left: true },
  ],
};

describe('Player', () => {
  const player = new Player(film);
  it('finds the last place not after a moment', () => {
    expect([0, 5, 9].map((at) => lastBefore([5, 8], at))).toEqual([-1, 0, 1]);
  });
  it('drives cars straight between their corners', () => {
    const [id, lon, lat, bearing, state] = player.drivers(25)[0]!;
    expect(id).toBe('c0');
    expect(lon).toBeCloseTo(-73.995);
    expect(lat).toBeCloseTo(40.7);
    expect(bearing).toBeCloseTo(90);
    expect(state).toBe('en_route');
    expect(player.drivers(35)[0]![3]).toBeCloseTo(0);
    expect(player.drivers(10)[0]![1]).toBeCloseTo(-74);
    expect(player.drivers(10)).toHaveLength(1);
    expect(player.drivers(60)).toHaveLength(2);
  });
  it('shows who waits, and the lost for a moment', () => {
    expect(player.waiting(7).map((row) => row[5])).toEqual(['searching']);
    expect(player.waiting(12).map((row) => row[5])).toEqual(['accepted']);
    expect(player.waiting(35).map((row) => row[0])).toEqual(['r1']);
    expect(player.waiting(60 + LINGER_S)[0]![6]).toBe(1e6);
    expect(player.waiting(61 + LINGER_S)).toHaveLength(0);
  });
  it('counts what has become of them', () => {
    expect(player.tally(12)).toEqual({ free: 0, fetching: 1, riding: 0, waiting: 1, served: 0, lost: 0, left: 0 });
    expect(player.tally(100)).toMatchObject({ served: 1, lost: 1, left: 1, waiting: 0 });
  });
});

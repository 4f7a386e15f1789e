import { describe, expect, it } from 'vitest';
import type { DriverRow } from '../lib/api/types';
import { latOf, lonOf, mercatorX, mercatorY } from './mercator';
import { Cadence, Motion, turn } from './motion';

const row = (id: string, lon: number, lat: number, bearing = 0): DriverRow => [id, lon, lat, bearing, 'idle'];
const motion = () => new Motion(mercatorX(-74), mercatorY(40.7), 40.7);

describe('mercator', () => {
  it('goes there and back', () => {
    expect(lonOf(mercatorX(-73.98))).toBeCloseTo(-73.98, 9);
    expect(latOf(mercatorY(40.75))).toBeCloseTo(40.75, 9);
  });
});

describe('turn', () => {
  it('takes the short way round', () => {
    expect(turn(350, 10)).toBe(20);
    expect(turn(10, 350)).toBe(-20);
    expect(turn(0, 180)).toBe(-180);
    expect(turn(90, 90)).toBe(0);
  });
});

describe('Cadence', () => {
  it('follows the frames and caps a long silence', () => {
    const cadence = new Cadence();
    for (let at = 0; at <= 20_000; at += 1000) cadence.tick(at);
    expect(cadence.interval).toBeGreaterThan(950);
    expect(cadence.tick(620_000)).toBeLessThan(1600);
  });
});

describe('Motion', () => {
  it('shows a new taxi where it is', () => {
    const m = motion();
    m.accept([row('a', -74, 40.7)], 0);
    expect(m.pose(0, 0)).toEqual({ x: 0, y: 0, bearing: 0 });
    expect(m.moving).toBe(false);
  });

  it('glides from where it is shown to where it was reported', () => {
    const m = motion();
    m.accept([row('a', -74, 40.7)], 0);
    m.accept([row('a', -73.99, 40.7, 90)], 500);
    const end = mercatorX(-73.99) - mercatorX(-74);
    expect(m.pose(0, 500).x).toBeCloseTo(0, 7);
    expect(m.pose(0, 500 + m.span / 2).x).toBeCloseTo(end / 2, 7);
    expect(m.pose(0, 500 + m.span * 3).x).toBeCloseTo(end, 7);
    expect(m.pose(0, 500 + m.span).bearing).toBeCloseTo(90);
    expect(m.moving).toBe(true);
  });

  it('never jumps when a frame comes early', () => {
    const m = motion();
    m.accept([row('a', -74, 40.7)], 0);
    m.accept([row('a', -73.99, 40.7)], 500);
    const before = m.pose(0, 700);
    m.accept([row('a', -73.99, 40.71)], 700);
    const after = m.pose(0, 700);
    expect(after.x).toBeCloseTo(before.x, 7);
    expect(after.y).toBeCloseTo(before.y, 7);
  });

  it('follows ids, not places in the list', () => {
    const m = motion();
    m.accept([row('a', -74, 40.7), row('b', -73.9, 40.7)], 0);
    m.accept([row('b', -73.9, 40.7)], 500);
    expect(m.indexOf('a')).toBe(-1);
    expect(m.pose(m.indexOf('b'), 500).x).toBeCloseTo(mercatorX(-73.9) - mercatorX(-74), 7);
    expect(m.moving).toBe(false);
  });

  it('sets a taxi that leapt across the city at its new place at once', () => {
    const m = motion();
    m.accept([row('a', -74, 40.7)], 0);
    m.accept([row('a', -73.9, 40.7)], 500);
    expect(m.pose(0, 500).x).toBeCloseTo(mercatorX(-73.9) - mercatorX(-74), 7);
  });

  it('steps instead of gliding where less motion is asked for', () => {
    const m = motion();
    m.accept([row('a', -74, 40.7)], 0, true);
    m.accept([row('a', -73.99, 40.7)], 500, true);
    expect(m.pose(0, 500).x).toBeCloseTo(mercatorX(-73.99) - mercatorX(-74), 7);
  });

  it('finds the nearest taxi inside the radius', () => {
    const m = motion();
    m.accept([row('a', -74, 40.7), row('b', -73.999, 40.7)], 0);
    const x = mercatorX(-73.9992);
    const y = mercatorY(40.7);
    expect(m.nearest(x, y, 1e-5, 0)?.i).toBe(1);
    expect(m.nearest(x, y, 1e-8, 0)).toBeNull();
  });
});

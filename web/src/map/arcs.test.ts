import { describe, expect, it } from 'vitest';
import type { OrderRow, OrderState } from '../lib/api/types';
import { arc, arcOpacity, arcsOf, MOST_ARCS } from './arcs';
import { phaseOf } from './requestLayer';

const row = (id: string, state: OrderState): OrderRow => [id, -74, 40.7, -73.9, 40.8, state, 10];

describe('arc', () => {
  it('starts and ends at its points and bows between them', () => {
    const line = arc([-74, 40.7], [-73.9, 40.7]);
    expect(line[0]).toEqual([-74, 40.7]);
    expect(line.at(-1)![0]).toBeCloseTo(-73.9);
    expect(line[9]![1]).toBeLessThan(40.7);
  });
});

describe('arcsOf', () => {
  it('draws rides that nobody has taken, but not the selected one, which has its road', () => {
    const rows = [row('a', 'searching'), row('b', 'accepted'), row('c', 'on_trip'), row('d', 'offered')];
    expect(arcsOf(rows, null).features).toHaveLength(2);
    expect(arcsOf(rows, 'd').features).toHaveLength(1);
  });
  it('stops before it becomes a tangle', () => {
    const rows = Array.from({ length: MOST_ARCS + 50 }, (_, i) => row(`o${i}`, 'searching'));
    expect(arcsOf(rows, null).features).toHaveLength(MOST_ARCS);
  });
});

describe('arcOpacity', () => {
  it('is full for few and faint for many', () => {
    expect(arcOpacity(0)).toBe(1);
    expect(arcOpacity(30)).toBe(1);
    expect(arcOpacity(120)).toBeCloseTo(0.5);
    expect(arcOpacity(10_000)).toBe(0.3);
  });
});

describe('phaseOf', () => {
  it('is steady and between 0 and 1', () => {
    expect(phaseOf('ord_1')).toBe(phaseOf('ord_1'));
    expect(phaseOf('ord_1')).not.toBe(phaseOf('ord_2'));
    expect(phaseOf('ord_1')).toBeGreaterThanOrEqual(0);
    expect(phaseOf('ord_1')).toBeLessThan(1);
  });
});

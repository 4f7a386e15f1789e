import { describe, expect, it } from 'vitest';
import type { SurgeCell } from '../lib/api/types';
import { SHADES_FROM, shadeLabel, shadeOf, surgeFeatures } from './surgeLayer';

const cell = (multiplier: number, boundary?: [number, number][]): SurgeCell => ({
  cell: `c${multiplier}`, multiplier, asked: multiplier, demand_per_min: 1, idle: 1, soon_free: 0, pickup_s: 100, pickup_flat_s: 200, in_15_min: null, in_30_min: null, boundary,
});

describe('shadeOf', () => {
  it('begins where the legend says', () => {
    expect(shadeOf(1)).toBe(0);
    SHADES_FROM.forEach((from, i) => {
      expect(shadeOf(from)).toBe(i + 1);
      expect(shadeOf(from - 0.05)).toBe(i);
    });
    expect(shadeOf(9)).toBe(5);
  });
});

describe('shadeLabel', () => {
  it('tells the range in numbers', () => {
    const number = (value: number) => String(Math.round(value * 100) / 100);
    expect([0, 1, 3, 5].map((shade) => shadeLabel(shade, number))).toEqual(['×1', '×1.05–1.2', '×1.5–1.95', '×2.5+']);
  });
});

describe('surgeFeatures', () => {
  it('closes rings and leaves out cells without corners', () => {
    const { features } = surgeFeatures([cell(1.5, [[0, 0], [1, 0], [1, 1]]), cell(2)]);
    expect(features).toHaveLength(1);
    expect(features[0]!.geometry.coordinates[0]).toEqual([[0, 0], [1, 0], [1, 1], [0, 0]]);
    expect(features[0]!.properties).toEqual({ cell: 'c1.5', shade: 3 });
  });
});

// Surge on the map: H3 cells in five shades, from little to much. Pure; the map draws what comes out.
import type { FilterSpecification, LayerSpecification } from 'maplibre-gl';
import type { SurgeCell } from '../lib/api/types';
import type { Palette } from './palette';

/** Multipliers from which a shade begins; below the first a cell is only outlined. */
export const SHADES_FROM = [1.05, 1.25, 1.5, 2, 2.5] as const;

/** 0 for no surge, then 1 to 5. */
export function shadeOf(multiplier: number): number {
  return SHADES_FROM.filter((from) => multiplier >= from - 1e-9).length;
}

/** `×1.25–1.45`: published multipliers go in steps of 0.05. */
export function shadeLabel(shade: number, number: (value: number) => string): string {
  if (shade === 0) return `×${number(1)}`;
  const [from, next] = [SHADES_FROM[shade - 1] ?? 1, SHADES_FROM[shade]];
  return next === undefined ? `×${number(from)}+` : `×${number(from)}–${number(next - 0.05)}`;
}

export function surgeFeatures(cells: readonly SurgeCell[]): GeoJSON.FeatureCollection<GeoJSON.Polygon> {
  return {
    type: 'FeatureCollection',
    features: cells.flatMap(({ cell, multiplier, boundary }) => {
      const first = boundary?.[0];
      if (!boundary || !first) return [];
      return [{
        type: 'Feature' as const,
        properties: { cell, shade: shadeOf(multiplier) },
        geometry: { type: 'Polygon' as const, coordinates: [[...boundary, first]] },
      }];
    }),
  };
}

/** Below the streets, so that they stay readable. */
export function surgeLayers(palette: Palette): LayerSpecification[] {
  const [first, ...others] = palette.surge;
  const byShade = others.flatMap((colour, i) => [i + 2, colour]);
  return [
    {
      id: 'surge', type: 'fill', source: 'surge',
      paint: { 'fill-color': ['step', ['get', 'shade'], first ?? '#000000', ...byShade] as never, 'fill-opacity': ['case', ['>', ['get', 'shade'], 0], 0.78, 0] },
    },
    { id: 'surge-edge', type: 'line', source: 'surge', paint: { 'line-color': palette.surgeEdge, 'line-width': 1, 'line-opacity': 0.5 } },
  ];
}

export const chosenFilter = (cell: string | null): FilterSpecification => ['==', ['get', 'cell'], cell ?? ''];

export function chosenLayer(palette: Palette): LayerSpecification {
  return { id: 'surge-chosen', type: 'line', source: 'surge', filter: chosenFilter(null), paint: { 'line-color': palette.route, 'line-width': 3 } };
}

// The map's style: the city's own roads and nothing else. No labels, therefore no glyphs, no outside host.
import type { DataDrivenPropertyValueSpecification, ExpressionSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { Palette } from './palette';
import { chosenLayer, surgeLayers } from './surgeLayer';

const ALL_MAJOR = ['motorway', 'motorway_link', 'trunk', 'trunk_link'];
const ALL_MIDDLE = ['primary', 'primary_link', 'secondary', 'secondary_link', 'tertiary', 'tertiary_link'];

/** Road tables without classes carry speeds; the class decides where there is one, the speed (km/h) elsewhere. */
const rank: ExpressionSpecification = [
  'match', ['get', 'class'],
  ALL_MAJOR, 3,
  ALL_MIDDLE, 2,
  ['residential', 'unclassified', 'living_street', 'service'], 1,
  ['step', ['coalesce', ['to-number', ['get', 'speed']], 0], 1, 22, 2, 60, 3],
];

function width(scale: number, extra: number): DataDrivenPropertyValueSpecification<number> {
  const at = (px: number): ExpressionSpecification => ['+', extra, ['*', px * scale, ['match', rank, 3, 1.7, 2, 1.3, 1]]];
  return ['interpolate', ['exponential', 1.6], ['zoom'], 10, at(0.45), 12, at(0.9), 14, at(2.4), 16, at(8), 18, at(24)];
}

export function roadLayers(palette: Palette): LayerSpecification[] {
  const round = { 'line-cap': 'round', 'line-join': 'round' } as const;
  return [
    { id: 'sea', type: 'background', paint: { 'background-color': palette.sea } },
    {
      // The land is where the streets are: a broad soft band under every one of them.
      id: 'land', type: 'line', source: 'land', 'source-layer': 'roads', layout: round,
      paint: {
        'line-color': palette.land,
        'line-width': ['interpolate', ['exponential', 2], ['zoom'], 9, 2.5, 10, 4, 12, 16, 18, 1024],
      },
    },
    ...surgeLayers(palette),
    { id: 'road-case', type: 'line', source: 'roads', 'source-layer': 'roads', minzoom: 13, layout: round, paint: { 'line-color': palette.roadCase, 'line-width': width(1, 1.4), 'line-opacity': ['interpolate', ['linear'], ['zoom'], 13, 0, 14, 1] } },
    {
      id: 'road', type: 'line', source: 'roads', 'source-layer': 'roads', layout: { ...round, 'line-sort-key': rank },
      paint: { 'line-color': ['match', rank, 3, palette.roadMajor, palette.road], 'line-width': width(1, 0) },
    },
  ];
}

export function lineLayers(palette: Palette): LayerSpecification[] {
  const round = { 'line-cap': 'round', 'line-join': 'round' } as const;
  return [
    chosenLayer(palette),
    {
      id: 'arc', type: 'line', source: 'arcs', layout: round,
      paint: { 'line-width': 1.3, 'line-gradient': ['interpolate', ['linear'], ['line-progress'], 0, fade(palette.fresh, 0.55), 1, fade(palette.fresh, 0.04)] },
    },
    { id: 'route-case', type: 'line', source: 'route', layout: round, paint: { 'line-color': palette.land, 'line-width': ['interpolate', ['linear'], ['zoom'], 11, 6, 16, 12] } },
    { id: 'route', type: 'line', source: 'route', layout: round, paint: { 'line-color': palette.route, 'line-width': ['interpolate', ['linear'], ['zoom'], 11, 3.2, 16, 7] } },
  ];
}

/** `#rrggbb` with an alpha. */
export function fade(hex: string, alpha: number): string {
  return `${hex}${Math.round(Math.min(Math.max(alpha, 0), 1) * 255).toString(16).padStart(2, '0')}`;
}

const NOTHING: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };

export function mapStyle(cityId: string, bounds: [number, number, number, number], palette: Palette): StyleSpecification {
  const tiles = [`${location.origin}/v1/cities/${encodeURIComponent(cityId)}/tiles/{z}/{x}/{y}.mvt`];
  return {
    version: 8,
    sources: {
      roads: { type: 'vector', tiles, minzoom: 9, maxzoom: 15, bounds },
      // The broad band reaches beyond the edge of a near tile; far tiles, drawn larger, have room for it.
      land: { type: 'vector', tiles, minzoom: 9, maxzoom: 12, bounds },
      arcs: { type: 'geojson', data: NOTHING, lineMetrics: true },
      route: { type: 'geojson', data: NOTHING },
      surge: { type: 'geojson', data: NOTHING },
    },
    layers: [...roadLayers(palette), ...lineLayers(palette)],
    transition: { duration: 200, delay: 0 },
  };
}

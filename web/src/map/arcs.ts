// Lines from pickup to drop-off, drawn as shallow arcs so that they are not taken for streets.
import type { OrderRow } from '../lib/api/types';
import { isUnassigned, standsAtPickup } from './requestLayer';

type Coordinate = [number, number];

/** A quadratic curve that bows to the right of its course by `bow` of its length. */
export function arc(from: Coordinate, to: Coordinate, bow = 0.14, steps = 18): Coordinate[] {
  const squeeze = Math.cos((((from[1] + to[1]) / 2) * Math.PI) / 180) || 1;
  const dx = (to[0] - from[0]) * squeeze;
  const dy = to[1] - from[1];
  const control: Coordinate = [(from[0] + to[0]) / 2 + (dy * bow * 2) / squeeze, (from[1] + to[1]) / 2 - dx * bow * 2];
  return Array.from({ length: steps + 1 }, (_, i): Coordinate => {
    const t = i / steps;
    const [a, b, c] = [(1 - t) ** 2, 2 * t * (1 - t), t * t];
    return [a * from[0] + b * control[0] + c * to[0], a * from[1] + b * control[1] + c * to[1]];
  });
}

/** More arcs than this are a tangle that says nothing. */
export const MOST_ARCS = 120;

/** Many lines are drawn fainter each, so that together they stay a texture under the taxis. */
export function arcOpacity(count: number): number {
  return Math.min(1, Math.max(0.3, Math.sqrt(30 / Math.max(count, 1))));
}

/** Lines of the rides that nobody has taken; the selected one has its road on the map instead. */
export function arcsOf(rows: readonly OrderRow[], selected: string | null): GeoJSON.FeatureCollection<GeoJSON.LineString> {
  const shown = rows.filter((row) => standsAtPickup(row[5]) && isUnassigned(row[5]) && row[0] !== selected);
  shown.sort((a, b) => b[6] - a[6]);
  return {
    type: 'FeatureCollection',
    features: shown.slice(0, MOST_ARCS).map(([, lon, lat, toLon, toLat]) => ({
      type: 'Feature',
      properties: {},
      geometry: { type: 'LineString', coordinates: arc([lon, lat], [toLon, toLat]) },
    })),
  };
}

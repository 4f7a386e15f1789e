// Web Mercator on the unit square: x grows to the east, y to the south, both 0…1.

export const EARTH_M = 40_075_016.69;

export function mercatorX(lon: number): number {
  return (lon + 180) / 360;
}

export function mercatorY(lat: number): number {
  return 0.5 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI);
}

export function lonOf(x: number): number {
  return x * 360 - 180;
}

export function latOf(y: number): number {
  return (Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) * 360) / Math.PI - 90;
}

/** The length of one metre on the unit square at this latitude. */
export function metre(lat: number): number {
  return 1 / (EARTH_M * Math.cos((lat * Math.PI) / 180));
}

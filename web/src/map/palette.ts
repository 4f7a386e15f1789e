// The map's colours, read from the style sheet: src/styles/tokens.css is the one place where they stand.
import { DRIVER_STATES, type DriverState } from '../lib/api/types';

export interface Palette {
  sea: string; land: string; road: string; roadMajor: string; roadCase: string;
  rim: string; glass: string; accent: string; fresh: string; late: string; taken: string; route: string; surgeEdge: string;
  /** From little to much. */
  surge: string[];
  driver: Record<DriverState, string>;
}

const NAMES: Record<Exclude<keyof Palette, 'driver' | 'surge'>, string> = {
  sea: '--map-sea', land: '--map-land', road: '--map-road', roadMajor: '--map-road-major', roadCase: '--map-road-case',
  rim: '--map-rim', glass: '--map-glass', accent: '--accent', fresh: '--req-fresh', late: '--req-late', taken: '--req-taken', route: '--map-route',
  surgeEdge: '--surge-edge',
};

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string) => style.getPropertyValue(name).trim();
  const flat = Object.fromEntries(Object.entries(NAMES).map(([key, name]) => [key, value(name)])) as unknown as Omit<Palette, 'driver' | 'surge'>;
  const driver = Object.fromEntries(DRIVER_STATES.map((state) => [state, value(`--s-${state.replace('_', '-')}`)])) as Record<DriverState, string>;
  const surge = [1, 2, 3, 4, 5].map((shade) => value(`--surge-${shade}`));
  return { ...flat, driver, surge };
}

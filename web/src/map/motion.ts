// Where every taxi is between two frames. The feed speaks twice a second; the eye wants sixty positions:
// each taxi drives from where it is shown now to where the newest frame says it is, over one frame interval.
import { DRIVER_STATES, type DriverRow } from '../lib/api/types';
import { mercatorX, mercatorY, metre } from './mercator';

/** The signed way from one bearing to another, −180…180 degrees. */
export function turn(from: number, to: number): number {
  return ((((to - from) % 360) + 540) % 360) - 180;
}

/** Keeps an estimate of the time between frames, deaf to single late ones. */
export class Cadence {
  private last: number | null = null;
  interval = 500;

  tick(at: number): number {
    if (this.last !== null) {
      const seen = Math.min(Math.max(at - this.last, 100), 2500);
      this.interval += (seen - this.interval) * 0.25;
    }
    this.last = at;
    return this.interval;
  }
}

/** Numbers per taxi in `data`: from x, from y, to x, to y, bearing, turn, state, spare. */
export const STRIDE = 8;
/** A farther jump than this is a new place, not a drive. */
const LEAP_M = 3000;
const stateIndex = new Map<string, number>(DRIVER_STATES.map((state, i) => [state, i]));

export interface Pose { x: number; y: number; bearing: number }

export class Motion {
  ids: string[] = [];
  /** Positions relative to the origin, ready for the graphics card. */
  data = new Float32Array(0);
  startedAt = 0;
  span = 500;
  /** Does any taxi move in this interval? */
  moving = false;
  private index = new Map<string, number>();
  private readonly cadence = new Cadence();
  private readonly leap: number;

  constructor(
    readonly originX: number,
    readonly originY: number,
    originLat: number,
  ) {
    this.leap = LEAP_M * metre(originLat);
  }

  get size(): number {
    return this.ids.length;
  }

  /** How far this interval has come, 0…1. */
  progress(at: number): number {
    return this.span <= 0 ? 1 : Math.min(Math.max((at - this.startedAt) / this.span, 0), 1);
  }

  /** Takes a frame that arrived at `at` (milliseconds). With `still`, taxis step instead of glide. */
  accept(rows: readonly DriverRow[], at: number, still = false): void {
    const before = { data: this.data, index: this.index };
    const progress = this.progress(at);
    const data = new Float32Array(rows.length * STRIDE);
    const index = new Map<string, number>();
    const ids = new Array<string>(rows.length);
    let moving = false;
    for (let i = 0; i < rows.length; i++) {
      const [id, lon, lat, bearing, state] = rows[i]!;
      const toX = Math.fround(mercatorX(lon) - this.originX);
      const toY = Math.fround(mercatorY(lat) - this.originY);
      let fromX = toX;
      let fromY = toY;
      let fromBearing = Number.isFinite(bearing) ? bearing : 0;
      const toBearing = fromBearing;
      const known = before.index.get(id);
      if (known !== undefined && !still) {
        const shown = poseIn(before.data, known, progress);
        if (Math.hypot(shown.x - toX, shown.y - toY) < this.leap) {
          fromX = shown.x;
          fromY = shown.y;
        }
        fromBearing = shown.bearing;
      }
      ids[i] = id;
      index.set(id, i);
      const at8 = i * STRIDE;
      data[at8] = fromX;
      data[at8 + 1] = fromY;
      data[at8 + 2] = toX;
      data[at8 + 3] = toY;
      data[at8 + 4] = fromBearing;
      data[at8 + 5] = turn(fromBearing, toBearing);
      data[at8 + 6] = stateIndex.get(state) ?? 0;
      moving ||= fromX !== toX || fromY !== toY || fromBearing !== toBearing;
    }
    this.ids = ids;
    this.index = index;
    this.data = data;
    // A little longer than the usual interval: a frame that is late by a hair leaves nobody standing.
    this.span = this.cadence.tick(at) * 1.08;
    this.startedAt = at;
    this.moving = moving;
  }

  indexOf(id: string): number {
    return this.index.get(id) ?? -1;
  }

  /** Where taxi `i` is shown at `at`, relative to the origin. */
  pose(i: number, at: number): Pose {
    return poseIn(this.data, i, this.progress(at));
  }

  state(i: number): (typeof DRIVER_STATES)[number] {
    return DRIVER_STATES[this.data[i * STRIDE + 6] ?? 0] ?? 'idle';
  }

  /** The taxi nearest to a place, within a radius (all in units of the unit square, place absolute). */
  nearest(x: number, y: number, radius: number, at: number): { i: number; distance: number } | null {
    const progress = this.progress(at);
    const { data } = this;
    let best = -1;
    let bestSquare = radius * radius;
    const px = x - this.originX;
    const py = y - this.originY;
    for (let i = 0, o = 0; i < this.ids.length; i++, o += STRIDE) {
      const dx = data[o]! + (data[o + 2]! - data[o]!) * progress - px;
      const dy = data[o + 1]! + (data[o + 3]! - data[o + 1]!) * progress - py;
      const square = dx * dx + dy * dy;
      if (square <= bestSquare) {
        bestSquare = square;
        best = i;
      }
    }
    return best < 0 ? null : { i: best, distance: Math.sqrt(bestSquare) };
  }
}

/** Cars turn at the crossing, not all the way along the block: the turn is done in the first two fifths. */
export const TURN_SHARE = 0.4;

function poseIn(data: Float32Array, i: number, progress: number): Pose {
  const o = i * STRIDE;
  const [fx, fy, tx, ty, bearing, delta] = [data[o]!, data[o + 1]!, data[o + 2]!, data[o + 3]!, data[o + 4]!, data[o + 5]!];
  const turned = Math.min(progress / TURN_SHARE, 1);
  return { x: fx + (tx - fx) * progress, y: fy + (ty - fy) * progress, bearing: (bearing + delta * turned + 360) % 360 };
}

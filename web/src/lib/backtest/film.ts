// A film of one run, played: where every car is at a moment, who waits, and what has become of the riders so far.
import type { DriverRow, DriverState, Film, OrderRow } from '../api/types';

const STATES: readonly DriverState[] = ['idle', 'en_route', 'on_trip'];
/** A lost request stays on the map for this long, in the colour of the late. */
export const LINGER_S = 45;

export interface Tally { free: number; fetching: number; riding: number; waiting: number; served: number; lost: number; left: number }

interface Car { times: Uint32Array; corners: Uint32Array; stateTimes: Uint32Array; states: Uint8Array }

function unpack(pairs: readonly number[]): { times: Uint32Array; values: Uint32Array } {
  const times = new Uint32Array(pairs.length / 2);
  const values = new Uint32Array(pairs.length / 2);
  let time = 0;
  for (let i = 0; i < times.length; i++) {
    time += pairs[2 * i]!;
    times[i] = time;
    values[i] = pairs[2 * i + 1]!;
  }
  return { times, values };
}

/** The last place whose time is not after `at`; -1 before the first. */
export function lastBefore(times: Uint32Array | readonly number[], at: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

const sorted = (values: (number | undefined)[]): number[] => values.filter((v): v is number => v !== undefined).sort((a, b) => a - b);

export class Player {
  readonly end: number;
  private readonly cars: Car[];
  private readonly asked: number[];
  private readonly setDown: number[];
  private readonly lost: number[];
  private readonly left: number[];
  private readonly longest: number;

  constructor(readonly film: Film) {
    this.end = film.end_s;
    this.cars = film.cars.map(({ path, states }) => {
      const way = unpack(path);
      const doing = unpack(states);
      return { times: way.times, corners: way.values, stateTimes: doing.times, states: Uint8Array.from(doing.values) };
    });
    this.asked = film.requests.map((request) => request.at_s);
    this.setDown = sorted(film.requests.map((request) => request.set_down_s));
    this.lost = sorted(film.requests.map((request) => request.lost_s));
    this.left = sorted(film.requests.map((request) => (request.left ? request.at_s : undefined)));
    this.longest = film.requests.reduce((most, r) => Math.max(most, (r.picked_up_s ?? r.lost_s ?? r.at_s) - r.at_s), 0);
  }

  /** Cars at a moment (seconds), as the map takes them. */
  drivers(at: number): DriverRow[] {
    const rows: DriverRow[] = [];
    const { corners } = this.film;
    this.cars.forEach((car, id) => {
      const i = lastBefore(car.times, at);
      if (i < 0) return;
      const [lon, lat] = corners[car.corners[i]!]!;
      const next = corners[car.corners[Math.min(i + 1, car.corners.length - 1)]!]!;
      const span = i + 1 < car.times.length ? car.times[i + 1]! - car.times[i]! : 0;
      const share = span > 0 ? (at - car.times[i]!) / span : 0;
      const before = i > 0 && next[0] === lon && next[1] === lat ? corners[car.corners[i - 1]!]! : [lon, lat];
      const [fromLon, fromLat] = before as [number, number];
      const bearing = (Math.atan2((next[0] - fromLon) * Math.cos((lat * Math.PI) / 180e6), next[1] - fromLat) * 180) / Math.PI;
      const state = STATES[car.states[lastBefore(car.stateTimes, at)] ?? 0] ?? 'idle';
      rows.push([`c${id}`, (lon + (next[0] - lon) * share) / 1e6, (lat + (next[1] - lat) * share) / 1e6, (bearing + 360) % 360, state]);
    });
    return rows;
  }

  /** Riders who stand at their pickup, and for a moment those who were given up. */
  waiting(at: number): OrderRow[] {
    const rows: OrderRow[] = [];
    const { corners, requests } = this.film;
    const from = lastBefore(this.asked, at - this.longest - LINGER_S - 1) + 1;
    const to = lastBefore(this.asked, at);
    for (let i = from; i <= to; i++) {
      const request = requests[i]!;
      if (request.left || (request.picked_up_s ?? Infinity) <= at) continue;
      const lost = request.lost_s !== undefined && request.lost_s <= at;
      if (lost && at - request.lost_s! > LINGER_S) continue;
      const [[lon, lat], [toLon, toLat]] = [corners[request.from]!, corners[request.to]!];
      const promised = request.promised_s !== undefined && request.promised_s <= at;
      rows.push([`r${i}`, lon / 1e6, lat / 1e6, toLon / 1e6, toLat / 1e6, promised ? 'accepted' : 'searching', lost ? 1e6 : at - request.at_s]);
    }
    return rows;
  }

  tally(at: number): Tally {
    const count = { idle: 0, en_route: 0, on_trip: 0 } as Record<DriverState, number>;
    for (const car of this.cars) {
      if (lastBefore(car.times, at) < 0) continue;
      count[STATES[car.states[lastBefore(car.stateTimes, at)] ?? 0] ?? 'idle']++;
    }
    const until = (times: number[]) => lastBefore(times, at) + 1;
    const waiting = this.waiting(at).filter((row) => row[6] < 1e6).length;
    return { free: count.idle, fetching: count.en_route, riding: count.on_trip, waiting, served: until(this.setDown), lost: until(this.lost), left: until(this.left) };
  }
}

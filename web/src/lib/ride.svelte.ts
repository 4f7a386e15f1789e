// A ride that is being asked for: two points, a price that is kept fresh, an order.
import type { Client } from './api/client';
import * as calls from './api/calls';
import { Problem } from './api/problem';
import type { Money, Order, Point, Quote, RideNeeds, RideWishes } from './api/types';

/** A price that runs out is asked for again by itself, this many times while the card is open. */
const RENEWALS = 60;

export class RideDraft {
  pickup = $state.raw<Point | null>(null);
  dropoff = $state.raw<Point | null>(null);
  seats = $state(1);
  needs = $state.raw<RideNeeds>({ wheelchairs: 0, child_seats: 0, luggage: 0, pet: false });
  wishes = $state.raw<RideWishes>({ women_only: false, no_pets: false });
  /** Rather with others, where the price says how. */
  share = $state(false);
  quote = $state.raw<Quote | null>(null);
  geometry = $state.raw<[number, number][] | null>(null);
  problem = $state.raw<unknown>(null);
  quoting = $state(false);
  ordering = $state(false);
  private asking: AbortController | null = null;
  private renewals = 0;

  constructor(
    private readonly api: Client,
    private readonly cityId: string,
  ) {}

  /** The point that the next click gives. */
  get wants(): 'pickup' | 'dropoff' | null {
    return this.pickup === null ? 'pickup' : this.dropoff === null ? 'dropoff' : null;
  }

  take(point: Point): void {
    if (this.wants === 'pickup') this.set('pickup', point);
    else if (this.wants === 'dropoff') this.set('dropoff', point);
  }

  set(which: 'pickup' | 'dropoff', point: Point | null): void {
    this[which] = point;
    this.forget();
    this.renewals = 0;
    if (this.pickup && this.dropoff) void this.ask();
  }

  swap(): void {
    [this.pickup, this.dropoff] = [this.dropoff, this.pickup];
    this.forget();
    if (this.pickup && this.dropoff) void this.ask();
  }

  clear(): void {
    this.pickup = null;
    this.dropoff = null;
    this.forget();
  }

  setSeats(seats: number): void {
    this.seats = seats;
    if (this.pickup && this.dropoff) void this.ask();
  }

  /** Everybody counts as a rider: where there are more wheelchairs and child seats than seats, seats are added. */
  need(change: Partial<RideNeeds>): void {
    this.needs = { ...this.needs, ...change };
    this.setSeats(Math.max(this.seats, this.needs.wheelchairs + this.needs.child_seats));
  }

  wish(change: Partial<RideWishes>): void {
    this.wishes = { ...this.wishes, ...change };
    this.setSeats(this.seats);
  }

  /** How many of the needs and wishes are set. */
  get special(): number {
    return [...Object.values(this.needs), ...Object.values(this.wishes)].filter(Boolean).length;
  }

  /** What is paid, as it is chosen; none while the price is asked for. */
  get fare(): Money | null {
    return this.quote && (this.shares ? this.quote.share!.fare : this.quote.fare);
  }

  /** Whether the order will be shared: it was chosen and it is offered. */
  get shares(): boolean {
    return this.share && this.quote?.share !== undefined;
  }

  expired(cityNow: number): boolean {
    return this.quote !== null && Date.parse(this.quote.expires_at) <= cityNow;
  }

  /** Called as time goes by. */
  keepFresh(cityNow: number): void {
    if (!this.expired(cityNow) || this.quoting || this.ordering || this.renewals >= RENEWALS) return;
    this.renewals++;
    void this.ask(true);
  }

  async ask(quiet = false): Promise<void> {
    if (!this.pickup || !this.dropoff) return;
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.quoting = true;
    if (!quiet) this.quote = null;
    this.problem = null;
    try {
      const { pickup, dropoff, seats, needs, wishes } = this;
      const quote = await calls.quote(this.api, this.cityId, { pickup, dropoff, seats, needs, wishes }, asking.signal);
      this.quote = quote;
      if (quote.geometry) this.geometry = quote.geometry;
      else if (!this.geometry) this.geometry = (await calls.route(this.api, this.cityId, this.pickup, this.dropoff, asking.signal)).geometry;
    } catch (error) {
      if (!asking.signal.aborted) this.problem = error;
    } finally {
      if (this.asking === asking) this.quoting = false;
    }
  }

  /** Orders at the shown price. A price that ran out in that moment is renewed, and taken when it did not rise. */
  async confirm(riderName: string): Promise<Order | null> {
    const shown = this.quote;
    const [fare, share] = [this.fare, this.shares];
    if (!shown || !fare || this.ordering) return null;
    this.ordering = true;
    this.problem = null;
    try {
      try {
        return await calls.createOrder(this.api, shown.token, riderName, share);
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== 'quote_expired') throw error;
        await this.ask(true);
        const renewed = this.quote;
        if (!renewed || renewed === shown || this.shares !== share || !this.fare || this.fare.minor > fare.minor) throw error;
        return await calls.createOrder(this.api, renewed.token, riderName, share);
      }
    } catch (error) {
      this.problem = error;
      return null;
    } finally {
      this.ordering = false;
    }
  }

  private forget(): void {
    this.asking?.abort();
    this.asking = null;
    this.quoting = false;
    this.quote = null;
    this.geometry = null;
    this.problem = null;
  }
}

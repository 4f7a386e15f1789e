// One order, followed live to its end.
import type { Client } from './api/client';
import * as calls from './api/calls';
import { FINAL_STATES, type Order, type OrderEvent } from './api/types';

/** Adds events, each version once, in the order of versions. */
export function mergeEvents(known: readonly OrderEvent[], more: readonly OrderEvent[]): OrderEvent[] {
  const byVersion = new Map(known.map((event) => [event.version, event]));
  for (const event of more) byVersion.set(event.version, event);
  return [...byVersion.values()].sort((a, b) => a.version - b.version);
}

export class OrderFollower {
  order = $state.raw<Order | null>(null);
  events = $state.raw<OrderEvent[]>([]);
  live = $state(false);
  problem = $state.raw<unknown>(null);
  cancelling = $state(false);
  private stop: (() => void) | null = null;
  private closed = false;

  constructor(
    private readonly api: Client,
    readonly id: string,
  ) {
    void this.load();
  }

  close(): void {
    this.closed = true;
    this.stop?.();
  }

  async cancel(reason: string): Promise<void> {
    this.cancelling = true;
    this.problem = null;
    try {
      this.take(await calls.cancelOrder(this.api, this.id, reason));
    } catch (error) {
      this.problem = error;
    } finally {
      this.cancelling = false;
    }
  }

  async load(): Promise<void> {
    this.problem = null;
    try {
      const [order, events] = await Promise.all([calls.order(this.api, this.id), calls.orderEvents(this.api, this.id)]);
      this.events = mergeEvents(this.events, events.items);
      this.take(order);
    } catch (error) {
      this.problem = error;
      return;
    }
    if (this.closed || this.ended) return;
    this.stop ??= this.api.stream(
      `/v1/orders/${encodeURIComponent(this.id)}/stream`,
      (message) => {
        if (!message.data.startsWith('{')) return;
        const event = JSON.parse(message.data) as OrderEvent;
        if (typeof event.version !== 'number') return;
        this.events = mergeEvents(this.events, [event]);
        if (event.order) this.take(event.order);
      },
      (live) => {
        this.live = live;
        // What happened between the reading and the stream's start is not lost.
        if (live) void this.catchUp();
      },
    );
  }

  get ended(): boolean {
    return this.order !== null && FINAL_STATES.includes(this.order.state);
  }

  private async catchUp(): Promise<void> {
    try {
      const { items } = await calls.orderEvents(this.api, this.id);
      this.events = mergeEvents(this.events, items);
      const last = this.events.at(-1);
      if (last?.order) this.take(last.order);
      else this.take(await calls.order(this.api, this.id));
    } catch {
      // The stream goes on and brings the next change.
    }
  }

  private take(order: Order): void {
    if (this.order && order.version < this.order.version) return;
    this.order = order;
    if (this.ended) {
      this.live = false;
      // The last event arrives a moment after the answer to a command.
      setTimeout(() => this.stop?.(), 1500);
    }
  }
}

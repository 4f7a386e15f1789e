// One city as it is now: counters, clock, and the frames for whoever draws them.
import type { Client } from './api/client';
import * as calls from './api/calls';
import { MapFeed, type Bounds, type FeedState } from './api/feed';
import type { City, CityClock, MapFrame, Stats } from './api/types';

/** City time between two messages: it goes on at its speed. */
export function extrapolate(clock: { now: number; at: number; speed: number; paused: boolean }, at: number): number {
  return clock.paused ? clock.now : clock.now + Math.max(0, at - clock.at) * clock.speed;
}

export class CityLive {
  stats = $state.raw<Stats | null>(null);
  state = $state<FeedState>('connecting');
  speed = $state(1);
  paused = $state(false);
  controllable = $state(false);
  /** City time in milliseconds, renewed four times a second for display. */
  now = $state(0);
  private known = { now: 0, at: 0, speed: 1, paused: false };
  private readonly feed: MapFeed;
  private readonly listeners = new Set<(frame: MapFrame) => void>();
  private readonly timers: ReturnType<typeof setInterval>[] = [];
  private changedAt = 0;
  lastFrame: MapFrame | null = null;

  constructor(
    readonly city: City,
    private readonly api: Client,
  ) {
    this.takeClock(city.clock);
    this.feed = new MapFeed(city.id, api.credentials, {
      onState: (state) => (this.state = state),
      onFrame: (frame) => this.take(frame),
    });
    this.timers.push(setInterval(() => (this.now = this.timeAt(performance.now())), 250));
    // Somebody else may turn the clock: look now and then.
    this.timers.push(setInterval(() => void this.lookAtClock(), 4000));
    void this.lookAtClock();
  }

  close(): void {
    this.feed.close();
    this.timers.forEach(clearInterval);
    this.listeners.clear();
  }

  onFrame(listener: (frame: MapFrame) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  narrow(bounds: Bounds): void {
    this.feed.narrow(bounds);
  }

  timeAt(at: number): number {
    return extrapolate(this.known, at);
  }

  async setClock(change: { speed?: number; paused?: boolean }): Promise<void> {
    this.changedAt = performance.now();
    const before = { speed: this.speed, paused: this.paused };
    if (change.speed !== undefined) this.speed = change.speed;
    if (change.paused !== undefined) this.paused = change.paused;
    try {
      const answer = await calls.setClock(this.api, this.city.id, change);
      this.takeClock('clock' in answer ? answer.clock : answer);
    } catch (error) {
      this.speed = before.speed;
      this.paused = before.paused;
      throw error;
    }
  }

  private async lookAtClock(): Promise<void> {
    if (document.hidden) return;
    const asked = performance.now();
    try {
      const { clock } = await calls.city(this.api, this.city.id);
      if (this.changedAt < asked) this.takeClock(clock);
    } catch {
      // The feed's own state already says when Doorstep is out of reach.
    }
  }

  private takeClock(clock: CityClock | undefined): void {
    if (!clock || typeof clock.speed !== 'number') return;
    this.controllable = clock.controllable ?? this.controllable;
    this.speed = clock.speed;
    this.paused = clock.paused;
    this.known = { now: Date.parse(clock.now), at: performance.now(), speed: clock.speed, paused: clock.paused };
    this.now = this.known.now;
  }

  private take(frame: MapFrame): void {
    this.lastFrame = frame;
    this.stats = frame.stats;
    this.known = { now: Date.parse(frame.now), at: performance.now(), speed: this.speed, paused: this.paused };
    if (frame.clock && performance.now() - this.changedAt > 1500) this.takeClock(frame.clock);
    for (const listener of this.listeners) listener(frame);
  }
}

// Surge of a city as an operator sees it: looked at every few seconds while it is shown.
import type { Client } from './api/client';
import * as calls from './api/calls';
import type { SurgeCell, SurgeMap } from './api/types';

const EVERY_MS = 3000;

export class CitySurge {
  map = $state.raw<SurgeMap | null>(null);
  problem = $state.raw<unknown>(null);
  chosen = $state<string | null>(null);
  switching = $state(false);
  private readonly timer: ReturnType<typeof setInterval>;
  private closed = false;

  constructor(
    private readonly api: Client,
    private readonly cityId: string,
  ) {
    void this.look();
    this.timer = setInterval(() => void this.look(), EVERY_MS);
  }

  get cell(): SurgeCell | null {
    return this.map?.cells.find(({ cell }) => cell === this.chosen) ?? null;
  }

  close(): void {
    this.closed = true;
    clearInterval(this.timer);
  }

  async switch(on: boolean, reason: string): Promise<boolean> {
    this.switching = true;
    try {
      await calls.switchSurge(this.api, this.cityId, on, reason);
      await this.look();
      return true;
    } catch (error) {
      this.problem = error;
      return false;
    } finally {
      this.switching = false;
    }
  }

  private async look(): Promise<void> {
    if (document.hidden) return;
    try {
      const map = await calls.surge(this.api, this.cityId);
      if (this.closed) return;
      this.map = map;
      this.problem = null;
    } catch (error) {
      if (!this.closed) this.problem = error;
    }
  }
}

// A list that is read page by page, by cursor.
import type { Page } from './api/types';

export class Listing<T> {
  items = $state.raw<T[]>([]);
  next = $state<string | null>(null);
  loading = $state(false);
  problem = $state.raw<unknown>(null);
  private asking: AbortController | null = null;

  constructor(private readonly read: (cursor: string | null, signal: AbortSignal) => Promise<Page<T>>) {}

  restart(): void {
    void this.load(null);
  }

  more(): void {
    if (this.next) void this.load(this.next);
  }

  stop(): void {
    this.asking?.abort();
  }

  private async load(cursor: string | null): Promise<void> {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.loading = true;
    try {
      const page = await this.read(cursor, asking.signal);
      if (asking.signal.aborted) return;
      this.items = cursor === null ? page.items : [...this.items, ...page.items];
      this.next = page.next_cursor;
      this.problem = null;
    } catch (error) {
      if (!asking.signal.aborted) this.problem = error;
    } finally {
      if (this.asking === asking) this.loading = false;
    }
  }
}

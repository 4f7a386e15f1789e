// The live map feed: a WebSocket that comes back by itself after a break.
import { socketProtocols, type Credentials } from './credentials';
import type { MapFrame } from './types';

export type FeedState = 'connecting' | 'live' | 'broken';
export type Bounds = [west: number, south: number, east: number, north: number];

export interface FeedHandlers {
  onFrame: (frame: MapFrame) => void;
  onState: (state: FeedState) => void;
}

/** Grows a box by a share of its size on each side, so that taxis near the edge are there before they are seen. */
export function grow([west, south, east, north]: Bounds, share: number): Bounds {
  const dx = (east - west) * share;
  const dy = (north - south) * share;
  const six = (value: number) => Math.round(value * 1e6) / 1e6;
  return [six(west - dx), six(south - dy), six(east + dx), six(north + dy)];
}

export class MapFeed {
  private socket: WebSocket | null = null;
  private closed = false;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private bounds: Bounds | null = null;

  constructor(
    private readonly cityId: string,
    private readonly key: Credentials,
    private readonly handlers: FeedHandlers,
  ) {
    this.open();
  }

  narrow(bounds: Bounds): void {
    this.bounds = grow(bounds, 0.3);
    this.sendBounds();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.socket?.close();
  }

  private sendBounds(): void {
    if (this.bounds && this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ bbox: this.bounds }));
  }

  private open(): void {
    this.handlers.onState(this.attempt === 0 ? 'connecting' : 'broken');
    const url = new URL(`/v1/cities/${encodeURIComponent(this.cityId)}/map/ws`, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.hash = '';
    const socket = new WebSocket(url, socketProtocols(this.key));
    this.socket = socket;
    socket.onopen = () => this.sendBounds();
    socket.onmessage = (message) => {
      // A frame can wait in the event queue past close().
      if (this.closed || typeof message.data !== 'string') return;
      this.watchSilence(socket);
      const frame = JSON.parse(message.data) as { kind?: string };
      if (frame.kind !== 'frame') return;
      if (this.attempt !== -1) this.handlers.onState('live');
      this.attempt = -1;
      this.handlers.onFrame(frame as MapFrame);
    };
    socket.onclose = () => {
      if (this.closed) return;
      clearTimeout(this.silence);
      this.attempt = Math.max(0, this.attempt) + 1;
      this.handlers.onState('broken');
      this.timer = setTimeout(() => this.open(), Math.min(400 * 2 ** this.attempt, 8000));
    };
  }

  /** A connection can die without a word; ten silent seconds count as a break. */
  private watchSilence(socket: WebSocket): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => socket.close(), 10_000);
  }
}

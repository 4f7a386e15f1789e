// One door to the API: adds the key, an Idempotency-Key on writes, and turns refusals into Problems.
import { bearer, type Credentials } from './credentials';
import { Problem, problemOf } from './problem';
import { followStream, type ServerEvent } from './sse';

export type Query = Record<string, string | number | null | undefined>;

/** Random and unique; crypto.randomUUID is missing on plain-http pages that are not localhost. */
export function uniqueId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Reads JSON lines up to `most` and lets go of the rest. */
export async function firstLines<T>(body: ReadableStream<Uint8Array> | null, most: number): Promise<{ rows: T[]; more: boolean }> {
  const rows: T[] = [];
  if (!body) return { rows, more: false };
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
    const lines = rest.split('\n');
    rest = done ? '' : (lines.pop() ?? '');
    for (const line of lines) {
      if (line.trim() === '') continue;
      if (rows.length === most) {
        await reader.cancel();
        return { rows, more: true };
      }
      rows.push(JSON.parse(line) as T);
    }
    if (done) return { rows, more: false };
  }
}

export class Client {
  constructor(
    readonly credentials: Credentials,
    private readonly onUnauthorized: () => void = () => {},
  ) {}

  private headers(): Record<string, string> {
    return { authorization: bearer(this.credentials), accept: 'application/json' };
  }

  get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    return this.send<T>(withQuery(path, query), { headers: this.headers(), signal: signal ?? null });
  }

  /** A document as it is. */
  async text(path: string): Promise<string> {
    const response = await fetch(path, { headers: this.headers(), cache: 'no-store', credentials: 'omit' }).catch((error: unknown) => {
      throw Problem.unreachable(error);
    });
    if (response.status === 401) this.onUnauthorized();
    if (!response.ok) throw await problemOf(response);
    return response.text();
  }

  /** An answer as a file. */
  async file(path: string, accept: string): Promise<Blob> {
    return (await this.open(path, accept)).blob();
  }

  /** An answer as a file, and the headers that came with it. */
  async fileWithHeaders(path: string, accept: string, signal?: AbortSignal): Promise<{ blob: Blob; headers: Headers }> {
    const response = await this.open(path, accept, signal);
    return { blob: await response.blob(), headers: response.headers };
  }

  /** The first JSON lines of a streamed answer; the rest is not read. */
  async lines<T>(path: string, most: number, signal?: AbortSignal): Promise<{ rows: T[]; more: boolean }> {
    const response = await this.open(path, 'application/x-ndjson', signal);
    return firstLines<T>(response.body, most);
  }

  private async open(path: string, accept: string, signal?: AbortSignal): Promise<Response> {
    const init = { headers: { ...this.headers(), accept }, cache: 'no-store', credentials: 'omit', signal: signal ?? null } as const;
    const response = await fetch(path, init).catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw Problem.unreachable(error);
    });
    if (response.status === 401) this.onUnauthorized();
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  /** A question that travels as POST: nothing is kept of it, therefore no Idempotency-Key. */
  ask<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    const headers = { ...this.headers(), 'content-type': 'application/json' };
    return this.send<T>(path, { method: 'POST', headers, body: JSON.stringify(body), signal: signal ?? null });
  }

  /** A write. Its Idempotency-Key lets one more attempt after a broken connection do nothing twice. */
  async post<T>(path: string, body: unknown): Promise<T> {
    const headers = { ...this.headers(), 'content-type': 'application/json', 'idempotency-key': uniqueId() };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    try {
      return await this.send<T>(path, init);
    } catch (error) {
      if (error instanceof Problem && error.status === 0) return this.send<T>(path, init);
      throw error;
    }
  }

  /** Sets something as a whole; to do it again does nothing more. */
  put<T>(path: string, body: unknown): Promise<T> {
    const headers = { ...this.headers(), 'content-type': 'application/json' };
    return this.send<T>(path, { method: 'PUT', headers, body: JSON.stringify(body) });
  }

  delete(path: string): Promise<void> {
    return this.send<void>(path, { method: 'DELETE', headers: this.headers() });
  }

  /** Follows server-sent events; returns the closer. */
  stream(path: string, onEvent: (event: ServerEvent) => void, onState?: (live: boolean) => void): () => void {
    return followStream(path, {
      headers: this.headers(),
      onEvent,
      onState,
      onRefused: (response) => response.status === 401 && this.onUnauthorized(),
    });
  }

  private async send<T>(path: string, init: RequestInit): Promise<T> {
    let response: Response;
    try {
      response = await fetch(path, { ...init, cache: 'no-store', credentials: 'omit' });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw Problem.unreachable(error);
    }
    if (response.status === 401) this.onUnauthorized();
    if (!response.ok) throw await problemOf(response);
    if (response.status === 204) return undefined as T;
    const text = await response.text();
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
}

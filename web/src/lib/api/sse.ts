// Server-sent events over fetch(), because EventSource cannot carry an Authorization header.

export interface ServerEvent { id: string; event: string; data: string }

/** An incremental parser of `text/event-stream`: feed it pieces of text, cut anywhere. */
export class SseParser {
  lastId = '';
  retryMs: number | null = null;
  private buffer = '';
  private data: string[] = [];
  private event = '';
  private sawCr = false;

  push(chunk: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    let text = chunk;
    // A CR LF that was cut in two is one line end.
    if (this.sawCr && text.startsWith('\n')) text = text.slice(1);
    if (text !== '') this.sawCr = false;
    this.buffer += text;
    let start = 0;
    for (let i = 0; i < this.buffer.length; i++) {
      const c = this.buffer[i];
      if (c !== '\n' && c !== '\r') continue;
      const done = this.line(this.buffer.slice(start, i));
      if (done) events.push(done);
      if (c === '\r') {
        if (this.buffer[i + 1] === '\n') i++;
        else if (i + 1 === this.buffer.length) this.sawCr = true;
      }
      start = i + 1;
    }
    this.buffer = this.buffer.slice(start);
    return events;
  }

  private line(line: string): ServerEvent | null {
    if (line === '') {
      const event = { id: this.lastId, event: this.event || 'message', data: this.data.join('\n') };
      const empty = this.data.length === 0;
      this.data = [];
      this.event = '';
      return empty ? null : event;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    const raw = colon < 0 ? '' : line.slice(colon + 1);
    const value = raw.startsWith(' ') ? raw.slice(1) : raw;
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.event = value;
    else if (field === 'id' && !value.includes('\0')) this.lastId = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
    return null;
  }
}

export interface SseOptions {
  headers: Record<string, string>;
  onEvent: (event: ServerEvent) => void;
  onState?: (live: boolean) => void;
  /** Answers that are final: no new attempt follows. */
  onRefused?: (response: Response) => void;
}

/** Follows a stream and resumes it by `Last-Event-ID` until closed. Returns the closer. */
export function followStream(url: string, options: SseOptions): () => void {
  const abort = new AbortController();
  const parser = new SseParser();
  let attempt = 0;

  const once = async (): Promise<boolean> => {
    const headers: Record<string, string> = { ...options.headers, accept: 'text/event-stream' };
    if (parser.lastId) headers['last-event-id'] = parser.lastId;
    const response = await fetch(url, { headers, signal: abort.signal, cache: 'no-store' });
    if (!response.ok || !response.body) {
      if (response.status < 500 && response.status !== 429) {
        options.onRefused?.(response);
        return false;
      }
      throw new Error(`HTTP ${response.status}`);
    }
    attempt = 0;
    options.onState?.(true);
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return true;
      for (const event of parser.push(decoder.decode(value, { stream: true }))) options.onEvent(event);
    }
  };

  void (async () => {
    while (!abort.signal.aborted) {
      try {
        if (!(await once())) return;
      } catch {
        // The connection broke; the next attempt resumes where it was.
      }
      if (abort.signal.aborted) return;
      options.onState?.(false);
      const wait = parser.retryMs ?? Math.min(500 * 2 ** attempt++, 10_000);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  })();
  return () => abort.abort();
}

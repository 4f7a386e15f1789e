import { describe, expect, it } from 'vitest';
import { SseParser } from './sse';

const STREAM = ': hello\n\nid: 7\nevent: offered\ndata: {"a":1}\n\ndata: one\ndata:two\n\n';

describe('SseParser', () => {
  it('reads events, comments and several data lines', () => {
    expect(new SseParser().push(STREAM)).toEqual([
      { id: '7', event: 'offered', data: '{"a":1}' },
      { id: '7', event: 'message', data: 'one\ntwo' },
    ]);
  });
  it('gives the same however the text is cut', () => {
    const whole = new SseParser().push(STREAM);
    for (const ends of ['\n', '\r\n', '\r']) {
      const text = STREAM.replaceAll('\n', ends);
      for (const size of [1, 2, 3, 5, 11]) {
        const parser = new SseParser();
        const found = [];
        for (let at = 0; at < text.length; at += size) found.push(...parser.push(text.slice(at, at + size)));
        expect(found, `${JSON.stringify(ends)} by ${size}`).toEqual(whole);
      }
    }
  });
  it('keeps the last id for resuming and the wished pause', () => {
    const parser = new SseParser();
    parser.push('id: 41\nretry: 250\n\nid: 42\ndata: x\n\n');
    expect(parser.lastId).toBe('42');
    expect(parser.retryMs).toBe(250);
    parser.push('id: bad\0id\ndata: y\n\nretry: soon\n');
    expect(parser.lastId).toBe('42');
    expect(parser.retryMs).toBe(250);
  });
  it('holds an unfinished event back', () => {
    const parser = new SseParser();
    expect(parser.push('data: half')).toEqual([]);
    expect(parser.push('\n')).toEqual([]);
    expect(parser.push('\n')).toHaveLength(1);
  });
});

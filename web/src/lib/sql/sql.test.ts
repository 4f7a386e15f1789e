import { afterEach, describe, expect, it, vi } from 'vitest';
import { Client, firstLines } from '../api/client';
import type { SqlColumn } from '../api/types';
import { numberOf, optionOf, shapeOf } from './chart';
import { addTo, leftInBrowser, placeOf, type Saved, savedStatements } from './saved';
import { indexOf, quoted, statementAt, statements } from './statement';

const cut = (text: string) => statements(text).map(({ from, to }) => text.slice(from, to));
const column = (name: string, type: string): SqlColumn => ({ name, type, nullable: true });

describe('statements', () => {
  it('end at semicolons that are not inside of something', () => {
    expect(cut("select ';' ; -- a;b\n select \"x;y\" /* ; */;;\n")).toEqual(["select ';'", '-- a;b\n select "x;y" /* ; */']);
    expect(cut("select 'never closed; select 2")).toEqual(["select 'never closed; select 2"]);
    expect(cut(' ; ; ')).toEqual([]);
  });
  it('are found at the cursor', () => {
    const text = 'select 1;\n\nselect 2;\n';
    const at = (cursor: number) => {
      const span = statementAt(text, cursor);
      return span && text.slice(span.from, span.to);
    };
    expect([at(0), at(9), at(12), at(text.length)]).toEqual(['select 1', 'select 1', 'select 2', 'select 2']);
    expect(statementAt('  ', 1)).toBeNull();
  });
  it('have places', () => {
    expect(indexOf('ab\ncd', 2, 2)).toBe(4);
    expect(indexOf('ab', 9, 1)).toBe(2);
  });
  it('quote names that need it', () => {
    expect([quoted('rides'), quoted('Rides'), quoted('a"b')]).toEqual(['rides', '"Rides"', '"a""b"']);
  });
});

describe('charts', () => {
  const rows = [{ at: '2026-01-02T00:00:00', n: 2, who: 'a' }, { at: '2026-01-01T00:00:00', n: '1.5', who: null }];
  it('follow the columns', () => {
    expect(shapeOf([column('at', 'TIMESTAMP'), column('n', 'BIGINT')], rows)).toEqual({ form: 'line', x: 'at', y: ['n'] });
    expect(shapeOf([column('n', 'DECIMAL(10, 2)'), column('who', 'VARCHAR')], rows)).toEqual({ form: 'bar', x: 'who', y: ['n'] });
    expect(shapeOf([column('n', 'DOUBLE'), column('m', 'INT')], rows)).toEqual({ form: 'scatter', x: 'n', y: ['m'] });
    expect(shapeOf([column('who', 'VARCHAR')], rows)).toBeNull();
    expect(shapeOf([column('n', 'INT')], rows.slice(1))).toBeNull();
  });
  it('put lines in order and take decimals for numbers', () => {
    const colours = { ink: '#000', soft: '#111', line: '#222', surface: '#fff', series: ['#123'] };
    const option = optionOf({ form: 'line', x: 'at', y: ['n'] }, [column('at', 'TIMESTAMP'), column('n', 'DECIMAL')], rows, colours);
    const [series] = option.series as { data: unknown[] }[];
    expect(series?.data).toEqual([['2026-01-01T00:00:00', 1.5], ['2026-01-02T00:00:00', 2]]);
    const bars = optionOf({ form: 'bar', x: 'who', y: ['n'] }, [column('who', 'VARCHAR')], rows, colours);
    expect((bars.xAxis as { data: unknown[] }).data).toEqual(['a', '∅']);
  });
  it('know what is no number', () => {
    expect([numberOf('x'), numberOf(''), numberOf(null), numberOf(Infinity), numberOf('-2')]).toEqual([null, null, null, null, -2]);
  });
});

describe('saved statements', () => {
  it('replace their namesake and stand by name', () => {
    const one: Saved[] = addTo([], { name: 'b', text: 'select 1' });
    expect(addTo(one, { name: 'b', text: 'select 2' })).toEqual([{ name: 'b', text: 'select 2' }]);
    expect(addTo(one, { name: 'a', text: 'select 3' }).map(({ name }) => name)).toEqual(['a', 'b']);
  });
});

describe('statements that an earlier console left in the browser', () => {
  const SLOT = 'doorstep.sql.saved';
  afterEach(() => vi.unstubAllGlobals());

  /** A browser with these statements, before a server with those; it refuses texts that begin with `bad`. */
  function between(left: Saved[], there: Saved[]) {
    const slots = new Map([[SLOT, JSON.stringify(left)]]);
    const shelf = new Map(there.map(({ name, text }) => [name, text]));
    const said = (name: string) => ({ name, statement: shelf.get(name), database: 'default', saved_at: '2026-01-01T00:00:00Z' });
    vi.stubGlobal('localStorage', { getItem: (slot: string) => slots.get(slot) ?? null, setItem: (slot: string, text: string) => slots.set(slot, text) });
    const puts: string[] = [];
    vi.stubGlobal('fetch', async (path: string, { method, body }: RequestInit = {}) => {
      if (method !== 'PUT') return Response.json({ items: [...shelf.keys()].sort().map(said), next_cursor: null });
      const name = decodeURIComponent(path.split('/').pop() ?? '');
      const { statement } = JSON.parse(String(body)) as { statement: string };
      if (statement.startsWith('bad')) return Response.json({ code: 'invalid', detail: 'no' }, { status: 422 });
      puts.push(name);
      shelf.set(name, statement);
      return Response.json(said(name));
    });
    return { api: new Client({ access: 'a', secret: 's' }), puts, shelf };
  }

  it('keep their text under another name where theirs is taken', async () => {
    const { api, puts, shelf } = between(
      [{ name: ' daily ', text: 'select 3' }, { name: 'weekly', text: 'select 4' }, { name: 'new', text: 'select 5' }],
      [{ name: 'daily', text: 'select 1' }, { name: 'daily-2', text: 'select 2' }, { name: 'weekly', text: 'select 4' }],
    );
    const list = await savedStatements(api);
    expect(list.map(({ name, text }) => `${name}: ${text}`)).toEqual(['daily: select 1', 'daily-2: select 2', 'daily-3: select 3', 'new: select 5', 'weekly: select 4']);
    expect([puts, shelf.get('daily'), leftInBrowser()]).toEqual([['daily-3', 'new'], 'select 1', []]);
  });
  it('stay where they are if they are refused, and the others are moved', async () => {
    const bad = { name: 'b', text: 'bad' };
    const { api, puts } = between([{ name: 'a', text: 'select 1' }, bad, { name: 'c', text: 'select 3' }], [{ name: 'd', text: 'select 4' }]);
    expect((await savedStatements(api)).map(({ name }) => name)).toEqual(['a', 'c', 'd']);
    expect([puts, leftInBrowser()]).toEqual([['a', 'c'], [bad]]);
    expect((await savedStatements(api)).map(({ name }) => name)).toEqual(['a', 'c', 'd']);
  });
  it('have names that the server takes', () => {
    const long = '店'.repeat(90);
    const first = placeOf([], { name: long, text: 'x' });
    expect(first).toEqual({ name: '店'.repeat(80), there: false });
    expect(placeOf([{ name: first.name, text: 'y' }], { name: long, text: 'x' })).toEqual({ name: `${'店'.repeat(78)}-2`, there: false });
  });
});

describe('JSON lines', () => {
  const body = (...parts: string[]) =>
    new ReadableStream<Uint8Array>({
      start(stream) {
        for (const part of parts) stream.enqueue(new TextEncoder().encode(part));
        stream.close();
      },
    });
  it('are read over the borders of pieces, up to a bound', async () => {
    expect(await firstLines(body('{"a":1}\n{"a"', ':2}\n{"a":3}'), 5)).toEqual({ rows: [{ a: 1 }, { a: 2 }, { a: 3 }], more: false });
    expect(await firstLines(body('{"a":1}\n{"a":2}\n'), 1)).toEqual({ rows: [{ a: 1 }], more: true });
    expect(await firstLines(body('{"a":1}\n{"a":2}\n'), 2)).toEqual({ rows: [{ a: 1 }, { a: 2 }], more: false });
    expect(await firstLines(null, 2)).toEqual({ rows: [], more: false });
  });
});

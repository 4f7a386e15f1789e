import { describe, expect, it } from 'vitest';
import { firstLines } from '../api/client';
import type { SqlColumn } from '../api/types';
import { numberOf, optionOf, shapeOf } from './chart';
import { addTo, type Saved } from './saved';
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

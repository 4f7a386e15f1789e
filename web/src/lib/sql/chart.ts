// Which chart fits an answer, and its series: pure functions of columns and rows.
import type { SqlColumn, SqlRow } from '../api/types';

export type Form = 'bar' | 'line' | 'scatter';
export const FORMS: readonly Form[] = ['bar', 'line', 'scatter'];
/** What is drawn: the column along the axis, and those whose values are shown. */
export interface Shape { form: Form; x: string; y: string[] }
/** More points than this are not drawn: nobody tells them apart. */
export const MOST_POINTS = 2000;
/** Lines or groups of bars beside each other. */
export const MOST_SERIES = 6;

const NUMBER = /^(TINYINT|SMALLINT|INT|BIGINT|FLOAT|DOUBLE|REAL|DECIMAL|UTINYINT|USMALLINT|UINT|UBIGINT|U?INT\d+|FLOAT\d+)\b/i;
const TIME = /^(TIMESTAMP|DATE)/i;

export const isNumber = (column: SqlColumn): boolean => NUMBER.test(column.type);
export const isTime = (column: SqlColumn): boolean => TIME.test(column.type);

/** The chart that fits at first sight; nothing when no column has numbers. */
export function shapeOf(columns: SqlColumn[], rows: SqlRow[]): Shape | null {
  const numbers = columns.filter(isNumber);
  if (numbers.length === 0 || rows.length < 2) return null;
  const along = columns.find(isTime) ?? columns.find((column) => !isNumber(column));
  if (along) {
    const form = isTime(along) ? 'line' : 'bar';
    return { form, x: along.name, y: numbers.slice(0, form === 'bar' ? 2 : MOST_SERIES).map((column) => column.name) };
  }
  const [first, ...others] = numbers;
  if (!first) return null;
  if (others.length === 0) return { form: 'bar', x: '', y: [first.name] };
  return { form: 'scatter', x: first.name, y: others.slice(0, 1).map((column) => column.name) };
}

/** A cell as a number, if it is one; decimals come as texts. */
export function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string' && value.trim() !== '') {
    const number = Number(value);
    return Number.isFinite(number) ? number : null;
  }
  return null;
}

export interface Colours { ink: string; soft: string; line: string; surface: string; series: string[] }

/** The option of the drawing library. Rows of a line are put into the order of their axis. */
export function optionOf(shape: Shape, columns: SqlColumn[], rows: SqlRow[], colours: Colours): Record<string, unknown> {
  const column = columns.find((one) => one.name === shape.x);
  const timed = column !== undefined && isTime(column);
  const numeric = column !== undefined && isNumber(column);
  const axis = timed ? 'time' : numeric && shape.form !== 'bar' ? 'value' : 'category';
  const place = (row: SqlRow, at: number) => {
    if (shape.x === '') return String(at + 1);
    const value = row[shape.x];
    if (axis === 'value') return numberOf(value);
    return value === null || value === undefined ? '∅' : String(value);
  };
  const points = rows.slice(0, MOST_POINTS).map((row, at) => ({ x: place(row, at), row }));
  if (shape.form === 'line' && axis !== 'category') {
    points.sort((a, b) => (axis === 'time' ? Date.parse(String(a.x)) - Date.parse(String(b.x)) : Number(a.x) - Number(b.x)));
  }
  const text = { color: colours.soft };
  const lines = { lineStyle: { color: colours.line } };
  return {
    animation: false,
    color: colours.series,
    textStyle: { color: colours.ink },
    grid: { left: 12, right: 18, top: shape.y.length > 1 ? 40 : 20, bottom: 12, containLabel: true },
    legend: shape.y.length > 1 ? { top: 4, textStyle: text } : undefined,
    tooltip: { trigger: shape.form === 'scatter' ? 'item' : 'axis', backgroundColor: colours.surface, borderColor: colours.line, textStyle: { color: colours.ink } },
    xAxis: { type: axis, scale: true, axisLabel: text, axisLine: lines, splitLine: { show: false } },
    yAxis: { type: 'value', scale: shape.form !== 'bar', axisLabel: text, axisLine: lines, splitLine: lines },
    series: shape.y.map((name) => ({
      name,
      type: shape.form,
      showSymbol: points.length < 60,
      barMaxWidth: 48,
      data: points.map(({ x, row }) => (axis === 'category' && shape.form !== 'scatter' ? numberOf(row[name]) : [x, numberOf(row[name])])),
    })),
    ...(axis === 'category' ? { xAxis: { type: 'category', data: points.map(({ x }) => x), axisLabel: text, axisLine: lines } } : {}),
  };
}

// Where statements begin and end in a text: quotes, comments and semicolons, and nothing more of SQL.

export interface Span { from: number; to: number }

/** The statements of a text without their semicolons, in order; empty ones are left out. */
export function statements(text: string): Span[] {
  const found: Span[] = [];
  let from = 0;
  let at = 0;
  const end = (to: number) => {
    const written = text.slice(from, to);
    const lead = written.length - written.trimStart().length;
    if (written.trim() !== '') found.push({ from: from + lead, to: from + written.trimEnd().length });
  };
  while (at < text.length) {
    const sign = text[at];
    if (sign === "'" || sign === '"' || sign === '`') {
      const close = text.indexOf(sign, at + 1);
      at = close < 0 ? text.length : close + 1;
    } else if (text.startsWith('--', at)) {
      const line = text.indexOf('\n', at);
      at = line < 0 ? text.length : line + 1;
    } else if (text.startsWith('/*', at)) {
      const close = text.indexOf('*/', at + 2);
      at = close < 0 ? text.length : close + 2;
    } else if (sign === ';') {
      end(at);
      at += 1;
      from = at;
    } else at += 1;
  }
  end(text.length);
  return found;
}

/** The statement in which the cursor stands, or the one before it; nothing when there is none. */
export function statementAt(text: string, cursor: number): Span | null {
  const all = statements(text);
  return all.find((span) => cursor <= span.to + 1) ?? all.at(-1) ?? null;
}

/** The index of a line and column, both counted from 1, in a text. */
export function indexOf(text: string, line: number, column: number): number {
  let at = 0;
  for (let n = 1; n < line; n += 1) {
    const next = text.indexOf('\n', at);
    if (next < 0) return text.length;
    at = next + 1;
  }
  return Math.min(at + Math.max(column - 1, 0), text.length);
}

/** A name as it must be written in SQL. */
export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

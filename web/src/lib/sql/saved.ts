// Statements that a person keeps in this browser, and the draft they left.

export interface Saved { name: string; text: string }

const SLOT = 'doorstep.sql.saved';
const DRAFT = 'doorstep.sql.draft';
const MOST = 200;

/** The list with one more at its front; one of the same name goes. */
export function addTo(list: Saved[], one: Saved): Saved[] {
  return [one, ...list.filter(({ name }) => name !== one.name)].slice(0, MOST);
}

function read(slot: string): string | null {
  try {
    return localStorage.getItem(slot);
  } catch {
    return null;
  }
}

function write(slot: string, text: string): void {
  try {
    localStorage.setItem(slot, text);
  } catch {
    // A browser that keeps nothing: the page works without.
  }
}

export function savedStatements(): Saved[] {
  try {
    const list: unknown = JSON.parse(read(SLOT) ?? '[]');
    const good = (one: unknown): one is Saved =>
      typeof one === 'object' && one !== null && typeof (one as Saved).name === 'string' && typeof (one as Saved).text === 'string';
    return Array.isArray(list) ? list.filter(good) : [];
  } catch {
    return [];
  }
}

export const keepStatements = (list: Saved[]): void => write(SLOT, JSON.stringify(list));
export const draft = (): string | null => read(DRAFT);
export const keepDraft = (text: string): void => write(DRAFT, text.slice(0, 100_000));

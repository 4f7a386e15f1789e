// Statements that are kept on the server, and the draft that a person left in this browser.
import * as calls from '../api/calls';
import type { Client } from '../api/client';
import type { SavedSql } from '../api/types';

export interface Saved { name: string; text: string }

/** Where earlier consoles kept statements: in the browser. */
const SLOT = 'doorstep.sql.saved';
const DRAFT = 'doorstep.sql.draft';

/** The list by name with one more; one of the same name goes. */
export function addTo(list: Saved[], one: Saved): Saved[] {
  return [...list.filter(({ name }) => name !== one.name), one].sort((a, b) => (a.name < b.name ? -1 : 1));
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

/** What an earlier console kept in this browser. */
export function leftInBrowser(): Saved[] {
  try {
    const list: unknown = JSON.parse(read(SLOT) ?? '[]');
    const good = (one: unknown): one is Saved =>
      typeof one === 'object' && one !== null && typeof (one as Saved).name === 'string' && typeof (one as Saved).text === 'string';
    return Array.isArray(list) ? list.filter(good) : [];
  } catch {
    return [];
  }
}

const shown = ({ name, statement }: SavedSql): Saved => ({ name, text: statement });

/** Most letters of a name. */
const LONGEST = 80;
/** `text` cut to what fits before an ending. */
const cut = (text: string, ending: string): string => [...text].slice(0, LONGEST - ending.length).join('').trim() + ending;

/** Where a statement goes in a list: its own name, or `name-2`, `name-3`… where another text has that. */
export function placeOf(list: readonly Saved[], one: Saved): { name: string; there: boolean } {
  const wanted = one.name.trim();
  for (let n = 1; ; n += 1) {
    const name = cut(wanted, n === 1 ? '' : `-${n}`);
    const namesake = list.find((other) => other.name === name);
    if (namesake === undefined || namesake.text === one.text) return { name, there: namesake !== undefined };
  }
}

/** All kept statements by name; what is left in this browser moves to the server first, and stays here if refused. */
export async function savedStatements(api: Client): Promise<Saved[]> {
  let list = (await calls.savedSql(api)).map(shown);
  const left = leftInBrowser();
  const refused: Saved[] = [];
  for (const one of left) {
    const { name, there } = placeOf(list, one);
    if (there) continue;
    try {
      list = addTo(list, shown(await calls.keepSql(api, name, one.text)));
    } catch {
      // It is tried again with the next visit; the list is there without it.
      refused.push(one);
    }
  }
  if (left.length > 0) write(SLOT, JSON.stringify(refused));
  return list;
}

export const keepStatement = async (api: Client, one: Saved): Promise<Saved> => shown(await calls.keepSql(api, one.name, one.text));
export const forgetStatement = (api: Client, name: string): Promise<void> => calls.forgetSql(api, name);
export const draft = (): string | null => read(DRAFT);
export const keepDraft = (text: string): void => write(DRAFT, text.slice(0, 100_000));

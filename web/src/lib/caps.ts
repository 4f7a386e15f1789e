// Caps between the API's exact forms and what stands in a form's fields. Pure.
import type { Caps } from './api/types';

export interface CapsDraft { month: string; query: string; scanGib: string }

const GIB = 2 ** 30;

export function draftOf(caps: Caps): CapsDraft {
  const scan = caps.query_scan_bytes;
  return { month: caps.month ?? '', query: caps.query ?? '', scanGib: scan === null ? '' : String(Number((scan / GIB).toFixed(6))) };
}

/** The caps that the fields say, or null when one of them says none: an empty field is no cap. */
export function capsOf(draft: CapsDraft): Omit<Caps, 'currency'> | null {
  const read = (text: string): string | null | undefined => {
    const plain = text.trim();
    if (plain === '') return null;
    return /^\d{1,9}(\.\d{1,9})?$/.test(plain) ? plain : undefined;
  };
  const [month, query, scan] = [read(draft.month), read(draft.query), read(draft.scanGib)];
  if (month === undefined || query === undefined || scan === undefined) return null;
  return { month, query, query_scan_bytes: scan === null ? null : Math.round(Number(scan) * GIB) };
}

// The access key of this tab: taken from the address's fragment or the sign-in form, kept in sessionStorage.

export interface Credentials { access: string; secret: string }

const SLOT = 'doorstep.key';

/** `access:secret`; the secret may itself hold colons. */
export function parseKey(text: string): Credentials | null {
  const at = text.trim().indexOf(':');
  if (at < 1) return null;
  const access = text.trim().slice(0, at);
  const secret = text.trim().slice(at + 1);
  return secret === '' || /\s/.test(access + secret) ? null : { access, secret };
}

/** Splits a fragment such as `#key=a:s` or `#/orders&key=a:s` into its key and what remains. */
export function splitFragment(hash: string): { key: Credentials | null; rest: string } {
  const match = /(?:^#?|&)key=([^&]*)/.exec(hash);
  if (!match) return { key: null, rest: hash };
  const rest = hash.replace(match[0], '').replace(/^#?&?/, '');
  let text = match[1] ?? '';
  try {
    text = decodeURIComponent(text);
  } catch {
    // Not percent-encoded: taken as it stands.
  }
  return { key: parseKey(text), rest: rest === '' ? '' : `#${rest}` };
}

/** Takes a key out of the address bar, so that it stays in no history and no screenshot. */
export function takeFromAddress(): Credentials | null {
  const { key, rest } = splitFragment(location.hash);
  if (rest !== location.hash) history.replaceState(null, '', `${location.pathname}${location.search}${rest || '#/'}`);
  return key;
}

export function remember(key: Credentials | null): void {
  try {
    if (key) sessionStorage.setItem(SLOT, `${key.access}:${key.secret}`);
    else sessionStorage.removeItem(SLOT);
  } catch {
    // Storage is switched off: the key lives as long as the page does.
  }
}

export function recall(): Credentials | null {
  try {
    return parseKey(sessionStorage.getItem(SLOT) ?? '');
  } catch {
    return null;
  }
}

export function bearer(key: Credentials): string {
  return `Bearer ${key.access}:${key.secret}`;
}

/** A browser cannot set headers on a WebSocket; the key travels as a subprotocol. */
export function socketProtocols(key: Credentials): string[] {
  const bytes = new TextEncoder().encode(`${key.access}:${key.secret}`);
  const base64 = btoa(String.fromCharCode(...bytes));
  return ['doorstep.v1', `bearer.${base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}`];
}

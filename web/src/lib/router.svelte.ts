// Addresses after the hash: #/orders/ord_1?state=searching → path ["orders","ord_1"], query {state}.

export interface Place { path: string[]; query: URLSearchParams }

export function parseHash(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const decode = (step: string) => {
    try {
      return decodeURIComponent(step);
    } catch {
      return step;
    }
  };
  return { path: path.split('/').filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

export function hashOf(path: string[], query: Record<string, string | null | undefined> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  const text = search.toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`;
}

let place = $state.raw<Place>(parseHash(typeof location === 'undefined' ? '' : location.hash));

export const router = {
  get path(): string[] {
    return place.path;
  },
  get query(): URLSearchParams {
    return place.query;
  },
  start(): void {
    place = parseHash(location.hash);
    addEventListener('hashchange', () => (place = parseHash(location.hash)));
  },
  go(hash: string): void {
    location.hash = hash;
  },
  /** Changes the address without a new entry in the history, for selections inside a page. */
  replace(hash: string): void {
    history.replaceState(null, '', `${location.pathname}${location.search}${hash}`);
    place = parseHash(hash);
  },
};

// Who is signed in, and in which city: shared by all pages.
import { Client } from './api/client';
import * as calls from './api/calls';
import { recall, remember, takeFromAddress, type Credentials } from './api/credentials';
import { Problem } from './api/problem';
import type { City, Me, Scope } from './api/types';

type Phase = 'starting' | 'out' | 'in' | 'failed';

let phase = $state<Phase>('starting');
let client = $state.raw<Client | null>(null);
let me = $state.raw<Me | null>(null);
let cities = $state.raw<City[]>([]);
let cityId = $state<string | null>(null);
let problem = $state.raw<Problem | null>(null);

function leave(): void {
  remember(null);
  client = null;
  me = null;
  phase = 'out';
}

async function enter(key: Credentials): Promise<void> {
  const api = new Client(key, () => {
    if (phase === 'in') leave();
  });
  const [who, list] = await Promise.all([calls.me(api), calls.cities(api)]);
  client = api;
  me = who;
  cities = list.items;
  if (!cities.some((city) => city.id === cityId)) cityId = cities[0]?.id ?? null;
  remember(key);
  problem = null;
  phase = 'in';
}

export const session = {
  get phase(): Phase {
    return phase;
  },
  /** The client of the signed-in key; pages are shown only when there is one. */
  get api(): Client {
    if (!client) throw new Error('invariant: pages are shown only to a signed-in key');
    return client;
  },
  get me(): Me | null {
    return me;
  },
  get cities(): City[] {
    return cities;
  },
  get city(): City | null {
    return cities.find((city) => city.id === cityId) ?? null;
  },
  get problem(): Problem | null {
    return problem;
  },
  may(scope: Scope): boolean {
    return me !== null && (me.scopes.includes('admin') || me.scopes.includes(scope));
  },
  chooseCity(id: string): void {
    if (cities.some((city) => city.id === id)) cityId = id;
  },
  async start(): Promise<void> {
    const key = takeFromAddress() ?? recall();
    if (!key) {
      phase = 'out';
      return;
    }
    phase = 'starting';
    try {
      await enter(key);
    } catch (error) {
      problem = error instanceof Problem ? error : Problem.unreachable(error);
      if (problem.status === 401) leave();
      else {
        remember(key);
        phase = 'failed';
      }
    }
  },
  signIn: enter,
  signOut(): void {
    problem = null;
    leave();
  },
};

import { describe, expect, it, vi } from 'vitest';
import type { Client } from './api/client';
import { Problem } from './api/problem';
import { RideDraft } from './ride.svelte';

vi.stubGlobal('navigator', { languages: ['en'] });
const { problemWords, soon } = await import('./words.svelte');

const place = (lat: number) => ({ lat, lon: -73.98 });

function drafted() {
  const asked: unknown[] = [];
  const ask = (_path: string, body: unknown) => {
    asked.push(body);
    return new Promise(() => {});
  };
  const draft = new RideDraft({ ask } as unknown as Client, 'manhattan');
  draft.set('pickup', place(40.75));
  draft.set('dropoff', place(40.76));
  return { draft, asked };
}

describe('a ride that is asked for', () => {
  it('asks again with each need and wish, and counts everybody as a rider', () => {
    const { draft, asked } = drafted();
    draft.need({ wheelchairs: 1 });
    draft.need({ child_seats: 2, luggage: 1 });
    draft.wish({ women_only: true });
    expect(asked.length).toBe(4);
    expect(asked.at(-1)).toEqual({
      pickup: place(40.75), dropoff: place(40.76), seats: 3,
      needs: { wheelchairs: 1, child_seats: 2, luggage: 1, pet: false }, wishes: { women_only: true, no_pets: false },
    });
    expect(draft.special).toBe(4);
  });
});

describe('what no car can do', () => {
  it('is told in the reader’s words', () => {
    const errors = [{ field: '/needs/wheelchairs', reason: 'r', fix: 'f' }, { field: '/else', reason: 'r', fix: 'f' }];
    const { title, fields } = problemWords(new Problem(422, { code: 'no_such_car', errors }));
    expect(title).toBe('No car here can serve this ride.');
    expect(fields.map(({ text }) => text)).toEqual(['no car has so many places for wheelchairs', 'r — f']);
  });
  it('a pickup time of an hour stands for none', () => {
    expect(soon(3600)).toBe('no free car left');
    expect(soon(90)).toBe('1 min 30 s');
  });
});

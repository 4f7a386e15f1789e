import { describe, expect, it } from 'vitest';
import { Problem } from '../api/problem';
import { fromSource, fromWallClock, mistakesOf, toJson, toToml, usual, wallClock } from './draft';

describe('a policy', () => {
  it('goes to the API and comes back', () => {
    const draft = { ...usual('pooled', 'shared'), surge: true, max_multiplier: 2.5, max_delay_s: 480 };
    expect(toJson(draft)).toMatchObject({ name: 'shared', seats: 4, dispatch: { kind: 'pooled' }, surge: { on: true, max_multiplier: 2.5 } });
    expect(fromSource(toJson(draft))).toEqual(draft);
    expect(fromSource('seats = 2').text).toBe('seats = 2');
  });
  it('is written as TOML with its sections last', () => {
    expect(toToml({ ...usual('solo', 'a "b"'), batch_s: 7.5 })).toBe(
      'name = "a \\"b\\""\nseats = 1\nbatch_s = 7.5\nmax_wait_s = 300\nboarding_s = 0\n\n[dispatch]\nkind = "solo"\n\n[surge]\non = false\n',
    );
  });
  it('is told its own mistakes only', () => {
    const problem = new Problem(400, { code: 'invalid_field', errors: [
      { field: '/a/seats', reason: 'is 0', fix: 'write 1 to 60' }, { field: '/b/dispatch/kind', reason: 'no', fix: '' }, { field: '/seeds', reason: 'x', fix: 'y' },
    ] });
    expect(mistakesOf(problem, 'a')).toEqual([{ field: 'seats', text: 'is 0; write 1 to 60' }]);
    expect(mistakesOf(problem, 'b')).toEqual([{ field: 'dispatch.kind', text: 'no' }]);
  });
});

describe('the city’s wall clock', () => {
  it('is read and set in the city’s zone', () => {
    const at = Date.parse('2013-11-18T21:30:00Z');
    expect(wallClock(at, 'America/New_York')).toBe('2013-11-18T16:30');
    expect(fromWallClock('2013-11-18T16:30', 'America/New_York')).toBe(at);
    expect(fromWallClock('2013-07-18T16:30', 'America/New_York')).toBe(Date.parse('2013-07-18T20:30:00Z'));
    expect(fromWallClock('soon', 'America/New_York')).toBeNull();
  });
});

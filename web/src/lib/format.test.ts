import { describe, expect, it } from 'vitest';
import { fill, type MessageKey } from './i18n/catalogue';
import { en } from './i18n/en';
import * as format from './format';

const t = ((key: MessageKey, params?: Record<string, string | number>) => fill(en[key], params)) as format.Translate;

describe('bytes', () => {
  it('are told in the unit that fits', () => {
    expect([0, 999, 1000, 1_250_000, 42e9].map((n) => format.bytes(n, 'en'))).toEqual(['0 byte', '999 byte', '1 kB', '1.3 MB', '42 GB']);
  });
});

describe('money', () => {
  it('knows that some currencies have no minor unit', () => {
    expect(format.money({ minor: 1331, currency: 'USD' }, 'en')).toBe('$13.31');
    expect(format.money({ minor: 1331, currency: 'JPY' }, 'en')).toBe('¥1,331');
    expect(format.money({ minor: 5, currency: 'not a code' }, 'en')).toBe('5 not a code');
  });
});

describe('duration', () => {
  it('is exact where it is short and round where it is long', () => {
    expect(format.duration(0.4, t)).toBe('0 s');
    expect(format.duration(59.6, t)).toBe('1 min');
    expect(format.duration(95, t)).toBe('1 min 35 s');
    expect(format.duration(731, t)).toBe('12 min');
    expect(format.duration(3600, t)).toBe('1 h 0 min');
    expect(format.duration(7199, t)).toBe('2 h 0 min');
  });
  it('says nothing of what is not known', () => {
    expect(format.duration(null, t)).toBe('—');
    expect(format.duration(Number.NaN, t)).toBe('—');
    expect(format.clockDuration(undefined)).toBe('—');
  });
  it('has a narrow form', () => {
    expect(format.clockDuration(112.4)).toBe('1:52');
    expect(format.clockDuration(-3)).toBe('0:00');
  });
});

describe('numbers and places', () => {
  it('keeps about three figures', () => {
    expect([0.424, 4.4, 44.44, 1234.5].map((n) => format.short(n, 'en'))).toEqual(['0.42', '4.4', '44.4', '1,235']);
  });
  it('writes distances', () => {
    expect(format.distance(344, t, 'en')).toBe('340 m');
    expect(format.distance(3214, t, 'en')).toBe('3.2 km');
  });
  it('shows city time in the city, not in the browser', () => {
    expect(format.timeOfDay('2013-11-18T16:00:05.000Z', 'en', 'America/New_York')).toBe('11:00:05');
    expect(format.timeOfDay('2013-11-18T16:00:05.000Z', 'en', 'No/Where')).toBe('16:00:05');
    expect(format.timeOfDay('nonsense', 'en')).toBe('—');
  });
  it('shortens long ids at their front', () => {
    expect(format.shortId('ord_0190aabbccdd33445566')).toBe('ord_…445566');
    expect(format.shortId('ord_1')).toBe('ord_1');
  });
});

describe('parseCoordinates', () => {
  it('takes the usual ways of writing', () => {
    for (const text of ['40.75,-73.98', ' 40.75 , -73.98 ', '40.75 -73.98', '40.75，-73.98']) {
      expect(format.parseCoordinates(text), text).toEqual({ lat: 40.75, lon: -73.98 });
    }
  });
  it('refuses the rest', () => {
    for (const text of ['', '40.75', 'a, b', '91, 0', '0, 181', '1,2,3', 'NaN, 1']) expect(format.parseCoordinates(text), text).toBeNull();
  });
});

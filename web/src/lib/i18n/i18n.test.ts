import { describe, expect, it } from 'vitest';
import { fill } from './catalogue';
import { en } from './en';
import { zh } from './zh';

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe('message catalogues', () => {
  it('have the same keys', () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
  });
  it('have the same placeholders and no empty text', () => {
    for (const [key, text] of Object.entries(en)) {
      const other = zh[key as keyof typeof zh];
      expect(placeholders(other), key).toEqual(placeholders(text));
      expect(other.trim(), key).not.toBe('');
    }
  });
  it('are translated: Chinese differs from English except for signs and units', () => {
    const same = Object.entries(en).filter(([key, text]) => zh[key as keyof typeof zh] === text).map(([key]) => key);
    expect(same.sort()).toEqual(['api.title', 'app.none', 'clock.times', 'event.other', 'nav.api', 'stats.match.sub']);
  });
});

describe('fill', () => {
  it('replaces known placeholders and leaves others', () => {
    expect(fill('{a} of {b}', { a: 1 })).toBe('1 of {b}');
  });
});

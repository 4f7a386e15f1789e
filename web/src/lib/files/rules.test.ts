import { describe, expect, it } from 'vitest';
import { sizeOf, spokenSize } from './quota';
import { FIVE_WIDTHS, freshRule, targetOf, wordsOf } from './rules';

describe('an upload rule', () => {
  it('stores five sizes, under a name of its own', () => {
    const rule = freshRule([], true);
    expect([rule.name, rule.results.length]).toEqual(['sizes', FIVE_WIDTHS.length]);
    expect(rule.results.map((one) => targetOf(one, 'shop/door.jpg', new Map()))).toEqual(FIVE_WIDTHS.map((width) => `shop/${width}/door.webp`));
    expect(freshRule([rule, { ...rule, name: 'sizes-2' }], true).name).toBe('sizes-3');
    expect(freshRule([rule], false).results).toHaveLength(1);
  });
  it('says where a result goes', () => {
    const styles = new Map([['card', 'image/resize,w_300/format,avif']]);
    const target = (process: string, key: string, source: string) => targetOf({ process, key }, source, styles);
    expect(target('style/card', 'cards/{stem}.{ext}', 'a/b/c.png')).toBe('cards/c.avif');
    expect(target('style/none', '{dir}x-{stem}.{ext}', 'c.png')).toBe('x-c.png');
    expect(target('iopcmd=rotate&degree=90', 'out/{key}', 'a/{stem}.png')).toBe('out/a/{stem}.png');
    expect(target('iopcmd=convert&dst=auto', '{stem}.{ext}', '.hidden')).toBe('.hidden.jpg');
  });
  it('reads words between commas and on lines', () => {
    expect(wordsOf(' jpg, png\n，webp ')).toEqual(['jpg', 'png', 'webp']);
    expect(wordsOf('')).toEqual([]);
  });
});

describe('a limit', () => {
  it('is read in its unit, and shown in the largest that says it whole', () => {
    expect([sizeOf('1.5', 'GB'), sizeOf('', 'GB'), sizeOf('-1', 'MB'), sizeOf('x', 'MB'), sizeOf('0', 'TB')]).toEqual([1_500_000_000, 0, null, null, null]);
    expect([spokenSize(1_500_000_000), spokenSize(2_000_000_000_000), spokenSize(null), spokenSize(1234)]).toEqual([
      { amount: '1.5', unit: 'GB' }, { amount: '2', unit: 'TB' }, { amount: '', unit: 'GB' }, { amount: '0.001234', unit: 'MB' },
    ]);
  });
});

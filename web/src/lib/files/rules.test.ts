import { describe, expect, it } from 'vitest';
import { isPicture } from './formats';
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
  });
  it('puts results where the server puts them', () => {
    // The cases of the server's own test.
    const target = (key: string, source: string, ext: string) => targetOf({ process: `iopcmd=convert&dst=${ext}`, key }, source, new Map());
    expect(target('{dir}small/{stem}.{ext}', 'shop/1/a.b.jpg', 'webp')).toBe('shop/1/small/a.b.webp');
    expect(target('thumbs/{key}.{ext}', 'a.jpg', 'png')).toBe('thumbs/a.jpg.png');
    expect(target('{dir}{stem}', '{key}/{ext}.jpg', 'png')).toBe('{key}/{ext}');
    expect(target('{stem}', '/', 'png')).toBe('');
    expect(target('x{stem}.{ext}', 'a/.hidden', 'png')).toBe('x.png');
  });
  it('gives results the ending of what is written', () => {
    const ending = (process: string, source: string) => targetOf({ process, key: '{ext}' }, source, new Map());
    const kept = ['a.JPEG', 'a.jpg', 'a.PNG', 'a.tif', 'a.tiff', 'a.HEIC', 'a.svg', 'a.webp', 'a.b/c', '.hidden', 'a'].map((source) => ending('iopcmd=rotate&degree=90', source));
    expect(kept).toEqual(['jpg', 'jpg', 'png', 'jpg', 'jpg', 'jpg', 'png', 'webp', 'jpg', 'jpg', 'jpg']);
    expect(ending('iopcmd=convert&dst=JPEG', 'a.png')).toBe('jpg');
    expect(ending('image/format,auto', 'a.png')).toBe('png');
    expect(ending('iopcmd=interlace&value=1', 'a.png')).toBe('jpg');
    expect(ending('iopcmd=interlace&value=1|iopcmd=convert&Q=80', 'a.png')).toBe('jpg');
    expect(ending('iopcmd=interlace&value=1|iopcmd=convert&dst=webp', 'a.png')).toBe('webp');
  });
  it('reads words between commas and on lines', () => {
    expect(wordsOf(' jpg, png\n，webp ')).toEqual(['jpg', 'png', 'webp']);
    expect(wordsOf('')).toEqual([]);
  });
});

describe('a picture', () => {
  it('is known by its type or its ending', () => {
    expect([isPicture('a', 'image/x-icon'), isPicture('a.HEIF'), isPicture('a.b/c.tif', 'text/plain'), isPicture('a.svg', null)]).toEqual([true, true, true, true]);
    expect([isPicture('a.txt', 'text/plain'), isPicture('a.jpg/b'), isPicture('a.jpg.gz', null)]).toEqual([false, false, false]);
    // A name without a dot has no ending.
    expect(isPicture('png')).toBe(false);
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

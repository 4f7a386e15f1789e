import { describe, expect, it } from 'vitest';
import { Cards } from './cards.svelte';

const kinds = (cards: Cards) => cards.steps.map((step) => step.kind).join(' ');

describe('cards of steps', () => {
  it('begin with a size, or with what an address says', () => {
    expect(new Cards(null).text).toBe('iopcmd=thumbnail&type=14&width=512&height=512');
    expect(kinds(new Cards('image/resize,w_9/rotate,90'))).toBe('size rotate');
    expect(new Cards(' ').text).toBe('');
  });
  it('are added, folded, moved and removed', () => {
    const cards = new Cards(null);
    const rotate = cards.add('rotate');
    expect(cards.all.map((card) => card.open)).toEqual([false, true]);
    const trim = cards.add('trim');
    expect(kinds(cards)).toBe('trim size rotate');
    expect([cards.has('trim'), cards.has('crop')]).toEqual([true, false]);
    expect([cards.move(rotate.id, 1), cards.move(rotate.id, 1), cards.move(rotate.id, 3), cards.move(trim.id, -1), cards.move(99, 0)]).toEqual([1, null, null, null, null]);
    expect(kinds(cards)).toBe('trim rotate size');
    cards.set(rotate.id, 'degree', 'x');
    expect(cards.sound).toBe(false);
    cards.set(rotate.id, 'degree', '180');
    cards.fold(trim.id);
    cards.remove(trim.id);
    expect(cards.text).toBe('iopcmd=rotate&degree=180|iopcmd=thumbnail&type=14&width=512&height=512');
  });
  it('give way to a text, and come back where they have the words', () => {
    const cards = new Cards('iopcmd=rotate&degree=90');
    cards.write();
    expect(cards.written).toBe('iopcmd=rotate&degree=90');
    cards.written = 'image/bright,5';
    expect([cards.text, cards.sound, cards.unwrite(), kinds(cards)]).toEqual(['image/bright,5', true, true, 'bright']);
    cards.write();
    cards.written = '/insecure/w:9/plain/s3://b/k';
    expect([cards.unwrite(), cards.written]).toEqual([false, '/insecure/w:9/plain/s3://b/k']);
    cards.read('iopcmd=flip&axis=x');
    expect([cards.written, kinds(cards)]).toEqual([null, 'flip']);
  });
});

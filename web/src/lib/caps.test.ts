import { describe, expect, it } from 'vitest';
import { capsOf, draftOf } from './caps';
import { billMonths, fineMoney, monthName, quantity } from './format';

describe('caps', () => {
  it('go into fields and back', () => {
    const caps = { month: '200.00', query: null, query_scan_bytes: 5 * 2 ** 29 };
    expect(draftOf({ ...caps, currency: 'USD' })).toEqual({ month: '200.00', query: '', scanGib: '2.5' });
    expect(capsOf(draftOf(caps))).toEqual(caps);
    expect(capsOf({ month: ' ', query: '', scanGib: '' })).toEqual({ month: null, query: null, query_scan_bytes: null });
  });
  it('refuse what is no amount', () => {
    for (const wrong of ['lots', '-1', '1e3', '1,5', '0.0000000001', '.']) {
      expect(capsOf({ month: wrong, query: '', scanGib: '' }), wrong).toBeNull();
    }
  });
});

describe('the words of a bill', () => {
  it('show every digit of an amount', () => {
    expect(fineMoney('0.0000004', 'USD', 'en')).toBe('$0.0000004');
    expect(fineMoney('12', 'USD', 'en')).toBe('$12.00');
    expect(fineMoney('1234.5', 'CNY', 'zh-CN')).toBe('¥1,234.50');
  });
  it('show small quantities as such', () => {
    expect(quantity('0', 'en')).toBe('0');
    expect(quantity('0.000000004', 'en')).not.toBe('0');
    expect(quantity('1234.56789', 'en')).toBe('1,234.568');
  });
  it('offer the months that were used, and this one', () => {
    const now = new Date('2026-11-28T21:00:00Z');
    expect(billMonths(['2026-10', '2026-08'], '2026-09', now)).toEqual(['2026-11', '2026-10', '2026-09', '2026-08']);
    expect(billMonths([], 'x', now)).toEqual(['2026-11']);
    expect(monthName('2026-11', 'en')).toBe('November 2026');
  });
});

import { describe, expect, it } from 'vitest';
import { base64url, fault, fieldsOf, fresh, sound, STEP_KINDS, textOf } from './pipeline';

describe('a pipeline', () => {
  it('is written as UFile writes it', () => {
    const rotate = { kind: 'rotate', values: { degree: '90' } } as const;
    expect(textOf([{ kind: 'fit', values: { width: '512', height: '300' } }, rotate])).toBe(
      'iopcmd=thumbnail&type=14&width=512&height=300|iopcmd=rotate&degree=90',
    );
    expect(textOf([])).toBe('');
  });
  it('carries texts and colours in Base64', () => {
    expect(base64url('??>')).toBe('Pz8-');
    expect(Buffer.from(base64url('门到门 · a'), 'base64url').toString()).toBe('门到门 · a');
    const text = textOf([fresh('words')]);
    expect(text).toContain('iopcmd=watermark&type=1&text=');
    expect(text).not.toContain('tile');
    expect(text).not.toContain('门');
  });
  it('begins with values that fit', () => {
    for (const kind of STEP_KINDS) expect(sound(fresh(kind)), kind).toBe(true);
  });
  it('tells what does not fit', () => {
    const [width] = fieldsOf('fit');
    expect([fault(width!, ''), fault(width!, '0'), fault(width!, '1.5'), fault(width!, 'x'), fault(width!, '7')]).toEqual([
      'empty', 'range', 'range', 'range', null,
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { addressOf, addressOfText, ossText, sameText, stepsOfText, styleAddress, type Source } from './addresses';
import { blameOf } from './blame';
import { imgproxyOf } from './imgproxy';
import { operationOf, STEP_KINDS, type Field, type StepKind } from './operations';
import { base64url, fault, fieldsOf, fresh, fromBase64url, shownFields, sound, stepsOf, textOf, type Step } from './pipeline';
import { Problem } from '../api/problem';

const step = (kind: StepKind, values: Record<string, string> = {}): Step => fresh(kind, values);
const said = (...steps: Step[]) => {
  const [oss, imgproxy] = [ossText(steps), imgproxyOf(steps)];
  return [textOf(steps), 'text' in oss ? oss.text : null, 'options' in imgproxy ? imgproxy.options : null];
};

/** Values of a field that are worth a look: its ends and every choice. */
function values(field: Field): string[] {
  if (field.choices) return [...field.choices];
  switch (field.kind) {
    case 'number':
      return [...new Set([field.least, field.most, field.usual].map(String))];
    case 'switch':
      return ['0', '1'];
    case 'colour':
      return ['ffffff', '102030', '10203080', 'transparent'];
    default:
      return ['门到门 · a?b/c', 'shop/logo.png'].filter((text) => (field.bytes ?? 99) > 20 || text.length < 14);
  }
}
/** What of a step means anything: fields that are not shown are not said either. */
const meant = (one: Step) => Object.fromEntries(shownFields(one).map((field) => [field.name, one.values[field.name]]));

describe('a pipeline in the grammar of iopcmd', () => {
  it('is written as UFile writes it', () => {
    expect(textOf([step('size', { width: '512', height: '300' }), step('rotate')])).toBe('iopcmd=thumbnail&type=14&width=512&height=300|iopcmd=rotate&degree=90');
    expect(textOf([])).toBe('');
    expect(stepsOf('')).toEqual([]);
  });
  it('says each operation with what it begins with', () => {
    const logo = base64url('logo.png');
    const texts: Record<StepKind, string> = {
      size: 'thumbnail&type=14&width=512&height=512',
      trim: 'trim',
      pad: 'pad&left=24&top=24&right=24&bottom=24',
      crop: 'crop&width=400&height=300&gravity=Center',
      smartcrop: 'smartcrop&width=400&height=400',
      indexcrop: 'indexcrop&x=200',
      corners: 'rounded-corners&r=32',
      circle: 'circle&r=200',
      rotate: 'rotate&degree=90',
      flip: 'flip&axis=y',
      orient: 'auto-orient',
      words: 'watermark&type=1&text=6Zeo5Yiw6ZeoIMK3IERvb3JzdGVw&fontsize=36&shadow=60&gravity=SouthEast&opacity=90',
      logo: `watermark&type=2&imageurl=${logo}&scale=20&gravity=SouthEast&opacity=90`,
      mark: `mark&text=${base64url('doorstep')}`,
      bright: 'bright&value=15',
      contrast: 'contrast&value=15',
      blur: 'blur&radius=6&sigma=3',
      sharpen: 'sharpen&amount=80',
      flatten: 'flatten',
      convert: 'convert&dst=webp&Q=80',
      interlace: 'interlace',
      frames: 'frames&gifmode=2',
    };
    for (const kind of STEP_KINDS) expect(textOf([step(kind, kind === 'logo' ? { imageurl: 'logo.png' } : {})]), kind).toBe(`iopcmd=${texts[kind]}`);
  });
  it('comes back as the same steps, whatever a field is set to', () => {
    for (const kind of STEP_KINDS) {
      const base = step(kind, kind === 'logo' ? { imageurl: 'a/b.png' } : {});
      for (const field of fieldsOf(kind)) {
        for (const value of values(field)) {
          const one = { kind, values: { ...base.values, [field.name]: value } };
          // A place of one's own, and other choices, bring further fields with them: they are there already.
          const text = textOf([one]);
          const back = stepsOf(text);
          expect(back, text).not.toBeNull();
          expect(back!.map(meant), text).toEqual([meant(one)]);
          expect(textOf(back!), text).toBe(text);
        }
      }
    }
  });
  it('comes back with places and margins in every combination', () => {
    for (const tile of ['0', '1']) {
      for (const gravity of ['NorthWest', 'North', 'Center', 'East']) {
        for (const ax of ['0', '10', '-5']) {
          const one = step('words', { tile, gravity, ax, ay: '0' });
          expect(stepsOf(textOf([one]))!.map(meant)).toEqual([meant(one)]);
        }
      }
    }
  });
  it('reads what others write', () => {
    const read = (text: string) => stepsOf(text)?.map((one) => ({ kind: one.kind, ...meant(one) }));
    expect(read('iopcmd=thumbnail&type=4&width=300%7Ciopcmd=convert&dst=JPEG&q=70')).toEqual([
      { kind: 'size', type: '4', width: '300', enlarge: '1', minwidth: '0', minheight: '0' },
      { kind: 'convert', dst: 'jpg', loss: 'q', q: '70', interlace: '0' },
    ]);
    expect(read('iopcmd=crop&width=10&height=10&ax=3&ay=4')).toEqual([{ kind: 'crop', width: '10', height: '10', gravity: 'NorthWest', dx: '3', dy: '4' }]);
    // A gravity wins over an anchor.
    expect(read('iopcmd=crop&width=10&height=10&ax=3&gravity=center')).toEqual([{ kind: 'crop', width: '10', height: '10', gravity: 'Center', dx: '0', dy: '0' }]);
    expect(read('iopcmd=thumbnail&type=14&width=9&height=9&enlarge=1')?.[0]).toMatchObject({ type: '9' });
    for (const bad of ['iopcmd=nonsense', 'iopcmd=rotate', 'iopcmd=rotate&degree=9&wild=1', 'iopcmd=rotate&degree=1&degree=2', 'image/resize,w_9', 'iopcmd=imageinfo', '%']) {
      expect(stepsOf(bad), bad).toBeNull();
    }
  });
  it('carries texts in Base64', () => {
    expect(base64url('??>')).toBe('Pz8-');
    expect(fromBase64url(base64url('门到门 · a'))).toBe('门到门 · a');
    expect(fromBase64url('Pz8+')).toBe('??>');
    expect(fromBase64url('_w')).toBeNull();
  });
});

describe('fields', () => {
  it('begin with values that fit', () => {
    for (const kind of STEP_KINDS) expect(sound(step(kind)), kind).toBe(kind !== 'logo');
    expect(sound(step('logo', { imageurl: 'a.png' }))).toBe(true);
  });
  it('tell what does not fit', () => {
    const field = (kind: StepKind, name: string) => fieldsOf(kind).find((one) => one.name === name)!;
    const width = field('size', 'width');
    expect(['', '0', '1.5', 'x', '7'].map((value) => fault(width, value))).toEqual(['empty', 'range', 'range', 'range', null]);
    expect(['#FF0', 'ff0000', 'red', 'ff', '12345'].map((value) => fault(field('flatten', 'color'), value))).toEqual([null, null, null, 'colour', 'colour']);
    expect(fault(field('trim', 'color'), '')).toBeNull();
    expect(['sixteen bytes ok', '门到门门到门'].map((value) => fault(field('mark', 'text'), value))).toEqual([null, 'long']);
    expect(fault(field('size', 'fx'), '0.25')).toBeNull();
  });
  it('that are hidden do not matter', () => {
    expect(sound(step('size', { type: '4', height: '' }))).toBe(true);
    expect(sound(step('size', { type: '9', height: '' }))).toBe(false);
  });
  it('are known by the table: every operation has a group, and parameters once', () => {
    for (const kind of STEP_KINDS) {
      const names = fieldsOf(kind).map((one) => one.name);
      expect(new Set(names).size, kind).toBe(names.length);
      expect(operationOf(kind).command).toMatch(/^[a-z-]+$/);
    }
  });
});

describe('the other grammars', () => {
  it('say the same where they can', () => {
    const frame = { width: '300', height: '200' };
    expect(said(step('size', frame))).toEqual(['iopcmd=thumbnail&type=14&width=300&height=200', 'image/resize,m_lfit,w_300,h_200', 'rs:fit:300:200']);
    expect(said(step('size', { type: '8', ...frame }))).toEqual(['iopcmd=thumbnail&type=8&width=300&height=200', 'image/resize,m_fill,w_300,h_200,limit_0', 'rs:fill:300:200/el:1']);
    expect(said(step('size', { type: '8', gravity: 'smart', enlarge: '0', ...frame })).slice(1)).toEqual([null, 'rs:fill:300:200/g:sm']);
    expect(said(step('size', { type: '1', scale: '40' })).slice(1)).toEqual(['image/resize,p_40', null]);
    expect(said(step('size', { type: '15', color: '#FF0000', ...frame })).slice(1)).toEqual(['image/resize,m_pad,w_300,h_200,color_ff0000,limit_0', null]);
    expect(said(step('crop', { gravity: 'East', dx: '5' })).slice(1)).toEqual(['image/crop,w_400,h_300,g_east,x_5', 'c:400:300:ea:5:0']);
    expect(said(step('bright'), step('contrast'), step('convert', { dst: 'avif', loss: 'bytes', bytes: '9000' })).slice(1)).toEqual([null, 'br:15/co:15/f:avif/mb:9000']);
    expect(said(step('convert', { dst: 'auto', loss: 'q', q: '70' })).slice(1)).toEqual(['image/format,auto/quality,q_70', null]);
  });
  it('say watermarks, as far as they have margins', () => {
    const logo = step('logo', { imageurl: 'logo.png', ax: '4', ay: '10' });
    expect(said(logo).slice(1)).toEqual([`image/watermark,image_${base64url('logo.png')},P_20,g_se,x_4,t_90`, `wm:0.9:soea:4:10:0.2/wmu:${base64url('logo.png')}`]);
    expect(said(step('words', { gravity: 'Center', ax: '0', ay: '-12', shadow: '0', opacity: '100' }))[1]).toBe('image/watermark,text_6Zeo5Yiw6ZeoIMK3IERvb3JzdGVw,size_36,color_ffffff,g_center,voffset_-12');
    expect(said(step('words', { ax: '-1' }))[1]).toBeNull();
    expect(said(step('logo', { imageurl: 'a?b' }))[1]).toBeNull();
  });
  it('are read back from x-oss-process, wherever it can say a step', () => {
    let read = 0;
    for (const kind of STEP_KINDS) {
      const base = step(kind, kind === 'logo' ? { imageurl: 'a/b.png' } : {});
      for (const field of fieldsOf(kind)) {
        for (const value of values(field)) {
          const one = { kind, values: { ...base.values, [field.name]: value } };
          const oss = ossText([one]);
          // The rules 8 and 13 are one. Progressive JPEG is said by two words there, and comes back as format and quality.
          if (!sound(one) || 'not' in oss || oss.text === '' || kind === 'interlace') continue;
          expect(textOf(stepsOfText(oss.text) ?? []), oss.text).toBe(textOf([one]).replace('type=13', 'type=8'));
          read += 1;
        }
      }
    }
    expect(read).toBeGreaterThan(100);
  });
  it('are read as others write them', () => {
    const text = (oss: string) => { const steps = stepsOfText(oss); return steps && textOf(steps); };
    expect(text('x-oss-process=image/resize,w_300,h_200/format,jpeg/rotate,90/quality,Q_70')).toBe('iopcmd=thumbnail&type=14&width=300&height=200|iopcmd=rotate&degree=90|iopcmd=convert&dst=jpg&Q=70');
    expect(text('image/resize,p_50')).toBe('iopcmd=thumbnail&type=1&scale=50');
    expect(text('image/watermark,text_YQ,g_center,voffset_-5')).toBe(`iopcmd=watermark&type=1&text=YQ&fontsize=40&fill=${base64url('000000')}&gravity=Center&ay=-5`);
    for (const bad of ['image/nonsense,1', 'image/resize,w_9,z_1', 'image/resize,l_9,s_9', 'image/crop,g_up', 'image/watermark,text_YQ,image_YQ', 'image/info', 'image/rotate']) expect(text(bad), bad).toBeNull();
    expect(sameText('image/rotate,90', 'iopcmd=rotate&degree=90')).toBe(true);
    expect(sameText('image/info', 'iopcmd=rotate&degree=90')).toBe(false);
  });
  it('name the step that they have no words for', () => {
    expect(ossText([step('rotate'), step('mark')])).toEqual({ not: 'mark', order: false });
    expect(imgproxyOf([step('rotate'), step('size')])).toEqual({ not: 'size', order: true });
    expect(imgproxyOf([step('rotate'), step('rotate')])).toEqual({ not: 'rotate', order: true });
    expect(imgproxyOf([step('convert'), step('size')])).toEqual({ options: 'f:webp/q:80/rs:fit:512:512' });
    expect(imgproxyOf([step('pad', { color: '102030' }), step('flatten', { color: '102030' })])).toEqual({ options: 'pd:24:24:24:24/bg:102030' });
    expect(imgproxyOf([step('pad'), step('flatten', { color: '102030' })])).toEqual({ not: 'pad', order: false });
  });
});

describe('addresses', () => {
  const source: Source = { origin: 'http://host:9000', bucket: 'photos', key: 'shop/门 a.jpg', everybody: true };
  const at = 'http://host:9000/photos/shop/%E9%97%A8%20a.jpg';
  it('are those of the objects port', () => {
    const steps = [step('rotate')];
    expect(addressOf('iopcmd', steps, source)).toEqual({ address: `${at}?iopcmd=rotate&degree=90` });
    expect(addressOf('x-oss-process', steps, source)).toEqual({ address: `${at}?x-oss-process=image/rotate,90` });
    expect(addressOf('imgproxy', steps, source)).toEqual({ address: 'http://host:9000/insecure/rot:90/plain/s3://photos/shop/%E9%97%A8%20a.jpg' });
    expect(addressOf('imgproxy', steps, { ...source, everybody: false })).toEqual({ address: 'http://host:9000/SIGNATURE/rot:90/plain/s3://photos/shop/%E9%97%A8%20a.jpg' });
    for (const grammar of ['iopcmd', 'x-oss-process', 'imgproxy'] as const) expect(addressOf(grammar, [], source)).toEqual({ address: at });
    expect(styleAddress('imgproxy', 'card', source)).toBe('http://host:9000/insecure/pr:card/plain/s3://photos/shop/%E9%97%A8%20a.jpg');
    expect(styleAddress('x-oss-process', 'card', source)).toBe(`${at}?x-oss-process=style/card`);
  });
  it('are found for what was written by hand', () => {
    expect(addressOfText('image/resize,w_9', source)).toBe(`${at}?x-oss-process=image/resize,w_9`);
    expect(addressOfText(' iopcmd=rotate&degree=9 ', source)).toBe(`${at}?iopcmd=rotate&degree=9`);
    expect(addressOfText('/insecure/w:9/plain/s3://photos/a', source)).toBe('http://host:9000/insecure/w:9/plain/s3://photos/a');
  });
});

describe('a refusal', () => {
  const refusal = (field: string, reason: string) => new Problem(400, { code: 'invalid_field', errors: [{ field, reason }] });
  const steps = [step('size'), step('words'), step('logo', { imageurl: 'no.png' }), step('crop')];
  it('is shown at the step and the field that it names', () => {
    expect(blameOf(refusal('?pipeline iopcmd/thumbnail/width', 'iopcmd, thumbnail, width: it is missing'), steps)).toEqual({ step: 0, field: 'width', reason: 'it is missing' });
    expect(blameOf(refusal('?pipeline crop', 'crop: the rectangle at 9,9 lies outside'), steps)).toEqual({ step: 3, field: null, reason: 'the rectangle at 9,9 lies outside' });
    expect(blameOf(refusal('?pipeline watermark', 'the watermark picture `no.png` cannot be had: gone'), steps)).toEqual({ step: 2, field: 'imageurl', reason: 'the watermark picture `no.png` cannot be had: gone' });
    expect(blameOf(refusal('?pipeline iopcmd/crop/ax', 'iopcmd, crop, ax: 1 is out of range'), steps)).toMatchObject({ step: 3, field: 'dx' });
  });
  it('that names none of them is nobody’s', () => {
    expect(blameOf(refusal('?pipeline iopcmd/rotate/degree', 'it is missing'), steps)).toBeNull();
    expect(blameOf(new Error('x'), steps)).toBeNull();
  });
});

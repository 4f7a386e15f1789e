// The steps of a text in the words of `x-oss-process`, by way of UFile's parameters.
import { base64url, fromBase64url, readStep, type Step } from './pipeline';
import { isCentred, isMiddle, type StepKind, type Values } from './operations';
import { PLACES } from './oss';

const GRAVITY_OF = new Map(Object.entries(PLACES).map(([gravity, word]) => [word, gravity]));
/** The parameters that each action may have; the one without a name is the action's own value. */
const KNOWN: Record<string, readonly string[]> = {
  resize: ['m', 'w', 'h', 'l', 's', 'p', 'limit', 'color'],
  crop: ['w', 'h', 'x', 'y', 'g'],
  indexcrop: ['x', 'y', 'i'],
  circle: ['r'],
  'rounded-corners': ['r'],
  blur: ['r', 's'],
  quality: ['q', 'Q'],
  watermark: ['text', 'image', 'type', 'size', 'color', 'shadow', 'P', 't', 'g', 'x', 'y', 'voffset', 'rotate', 'fill'],
  rotate: [''], bright: [''], contrast: [''], sharpen: [''], 'auto-orient': [''], format: [''], interlace: [''],
};

/** Only what is there: what is left out has the other grammar's own default. */
const given = (values: Record<string, string | undefined>): Values => Object.fromEntries(Object.entries(values).filter((pair): pair is [string, string] => pair[1] !== undefined));

function resize({ m = 'lfit', w, h, l, s, p, limit, color }: Values): Values | null {
  const enlarge = (limit ?? (p === undefined ? '1' : '0')) === '0' ? '1' : '0';
  const rule = (type: string, more: Record<string, string | undefined>) => given({ type, ...(type === '14' ? {} : { enlarge }), ...more });
  if (p !== undefined) return rule('1', { scale: p });
  if (l !== undefined && s !== undefined) return null;
  if (l !== undefined) return rule('6', { width: l, height: l });
  if (s !== undefined) return rule('7', { width: s, height: s });
  if (w !== undefined && h === undefined) return rule('4', { width: w });
  if (h !== undefined && w === undefined) return rule('5', { height: h });
  const type = { lfit: enlarge === '1' ? '9' : '14', mfit: '10', fill: '8', pad: '15', fixed: '11' }[m.toLowerCase()];
  return type === undefined ? null : rule(type, { width: w, height: h, color: type === '15' ? color : undefined });
}

function watermark({ text, image, type, size = '40', color = '000000', shadow, P, t = '100', g = 'se', x = '10', y = '10', voffset = '0', rotate, fill }: Values): Values | null {
  const gravity = GRAVITY_OF.get(g.toLowerCase());
  if (gravity === undefined || (text === undefined) === (image === undefined)) return null;
  // What follows a question mark is the picture's own processing, for which there is no field.
  if (image !== undefined && fromBase64url(image)?.includes('?') !== false) return null;
  const [centred, middle] = [isCentred(gravity), isMiddle(gravity)];
  const laid = { gravity, ax: centred ? '0' : x, ay: middle ? voffset : y, opacity: t, rotate, tile: fill };
  return image === undefined
    ? given({ type: '1', text, fontsize: size, fill: base64url(color), shadow, font: type, ...laid })
    : given({ type: '2', imageurl: image, scale: P, ...laid });
}

/** The kind of an action and its parameters in the other grammar. */
function translated(name: string, values: Values): [StepKind, Values | null] | null {
  const own = values[''];
  switch (name) {
    case 'resize':
      return ['size', resize(values)];
    case 'crop': {
      const gravity = GRAVITY_OF.get((values['g'] ?? 'nw').toLowerCase());
      return ['crop', gravity === undefined ? null : given({ width: values['w'], height: values['h'], gravity, dx: values['x'], dy: values['y'] })];
    }
    case 'indexcrop':
      return ['indexcrop', given({ [values['y'] === undefined ? 'x' : 'y']: values['y'] ?? values['x'], i: values['i'] })];
    case 'circle':
      return ['circle', values];
    case 'rounded-corners':
      return ['corners', values];
    case 'rotate':
      return ['rotate', given({ degree: own })];
    case 'bright':
    case 'contrast':
      return [name, given({ value: own })];
    case 'sharpen':
      return own === undefined ? null : ['sharpen', { amount: own }];
    case 'blur':
      return ['blur', given({ radius: values['r'], sigma: values['s'] })];
    case 'auto-orient':
      return ['orient', given({ value: own })];
    case 'watermark':
      return [values['text'] === undefined ? 'logo' : 'words', watermark(values)];
    default:
      return null;
  }
}

/** What is said of the output, wherever it stands, is one step at the end. */
function output(name: string, values: Values, convert: Values): boolean {
  if (name === 'format') convert['dst'] = values[''] ?? '';
  else if (name === 'interlace') convert['interlace'] = values[''] ?? '1';
  else if (name === 'quality') Object.assign(convert, values['Q'] === undefined ? given({ q: values['q'] }) : { Q: values['Q'] });
  else return false;
  return true;
}

function parametersOf(name: string, rest: readonly string[]): Values | null {
  const values: Values = {};
  for (const pair of rest.filter(Boolean)) {
    const at = pair.indexOf('_');
    const [key, value] = at < 0 ? ['', pair] : [pair.slice(0, at), pair.slice(at + 1)];
    if (key in values || !KNOWN[name]?.includes(key)) return null;
    values[key] = value;
  }
  return values;
}

/** The steps of `image/…`; null where the table has no words for all of it. */
export function stepsOfOss(text: string): Step[] | null {
  const steps: Step[] = [];
  const convert: Values = {};
  for (const action of text.replace(/^x-oss-process=/, '').replace(/^image\//, '').split('/').filter(Boolean)) {
    const [name = '', ...rest] = action.split(',');
    const values = parametersOf(name, rest);
    if (values === null) return null;
    if (output(name, values, convert)) continue;
    const [kind, parameters] = translated(name, values) ?? [null, null];
    const step = kind && parameters ? readStep(kind, parameters) : null;
    if (step === null) return null;
    steps.push(step);
  }
  if (Object.keys(convert).length > 0) {
    const step = readStep('convert', convert);
    if (step === null) return null;
    steps.push(step);
  }
  return steps;
}

/** Whether a text is in these words. */
export const isOss = (text: string): boolean => /^(x-oss-process=|image\/)/.test(text.trim());

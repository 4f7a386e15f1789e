// What a picture pipeline can do, as one table: every operation with its fields, their ranges and what they begin with.
// The forms, the texts in UFile's grammar and the readers of such texts all follow from it.

export type Values = Record<string, string>;
export type FieldKind = 'number' | 'text' | 'colour' | 'choice' | 'switch' | 'place' | 'rule' | 'picture';

export interface Field {
  /** The name of the parameter in UFile's grammar. */
  name: string;
  kind: FieldKind;
  /** What a step begins with. */
  usual: string;
  /** What the server takes where the parameter is left out; without it the parameter is needed. */
  absent?: string | ((values: Values) => string);
  least?: number;
  most?: number;
  /** Parts of one are allowed. */
  broken?: boolean;
  unit?: '%' | 'px' | '°' | 'bytes';
  /** A range so short that a slider can cover it. */
  slider?: boolean;
  choices?: readonly string[];
  /** Whether the field means anything beside the others. */
  when?: (values: Values) => boolean;
  /** For fields that choose between parameters and have none themselves: which choice a text has made. */
  chosen?: (given: Values) => string;
  /** Carried as URL-safe Base64 of UTF-8. */
  coded?: boolean;
  /** Most bytes of a text. */
  bytes?: number;
  /** The name under which texts have it that name no place. */
  alias?: string;
  /** Written even where the server would take the same. */
  always?: boolean;
  /** The message that names it, where it is not that of `name`. */
  label?: string;
  /** Seldom wanted: shown behind a fold. */
  seldom?: boolean;
  /** A text that may be empty. */
  empty?: boolean;
}

export const GROUPS = ['size', 'cut', 'turn', 'marks', 'tone', 'output'] as const;
export type Group = (typeof GROUPS)[number];

export interface Operation {
  group: Group;
  /** The name of the command in UFile's grammar. */
  command: string;
  /** Parameters that tell it from others with the same command. */
  fixed?: Values;
  /** A second one would only overrule the first. */
  once?: boolean;
  /** Has to stand before all others. */
  first?: boolean;
  fields: readonly Field[];
}

export const GRAVITIES = ['NorthWest', 'North', 'NorthEast', 'West', 'Center', 'East', 'SouthWest', 'South', 'SouthEast'] as const;
const SIDE = 30_000;

const number = (name: string, usual: string, least: number, most: number, more: Partial<Field> = {}): Field => ({ name, kind: 'number', usual, least, most, ...more });
const side = (name: string, usual: string, more: Partial<Field> = {}) => number(name, usual, 1, SIDE, { unit: 'px', ...more });
const percent = (name: string, usual: string, least: number, most: number, more: Partial<Field> = {}) => number(name, usual, least, most, { unit: '%', slider: most - least <= 500, ...more });
const choice = (name: string, choices: readonly string[], usual: string, more: Partial<Field> = {}): Field => ({ name, kind: 'choice', choices, usual, ...more });
const toggle = (name: string, usual: '0' | '1', absent: '0' | '1', more: Partial<Field> = {}): Field => ({ name, kind: 'switch', usual, absent, ...more });
const colour = (name: string, usual: string, more: Partial<Field> = {}): Field => ({ name, kind: 'colour', usual, ...more });
const offset = (name: string, usual: string, more: Partial<Field> = {}) => number(name, usual, -SIDE, SIDE, { unit: 'px', absent: '0', ...more });

// The rules of `thumbnail` that need a percentage, a width, a height, a place to cut at, or a colour.
const rule = (values: Values) => Number(values['type']);
const scales = (values: Values) => rule(values) <= 3;
const wide = (values: Values) => rule(values) >= 4 && rule(values) !== 5;
const high = (values: Values) => rule(values) >= 5;
export const covers = (values: Values) => rule(values) === 8 || rule(values) === 13;
const rooms = (values: Values) => rule(values) === 12 || rule(values) === 15;

/** Where a rectangle lies: a place with an offset from it inwards, or a point that comes to the middle. */
const focused = (values: Values) => values['gravity'] === 'Focus';
const area = (when: (values: Values) => boolean = () => true): Field[] => [
  { name: 'gravity', kind: 'place', choices: [...GRAVITIES, 'Focus'], usual: 'Center', absent: 'NorthWest', always: true, when },
  number('fx', '0.5', 0, 1, { broken: true, slider: true, when: (values) => when(values) && focused(values) }),
  number('fy', '0.5', 0, 1, { broken: true, slider: true, when: (values) => when(values) && focused(values) }),
  offset('dx', '0', { alias: 'ax', when }),
  offset('dy', '0', { alias: 'ay', when }),
];

/** Whether a place is half-way from left to right, or from top to bottom: margins count from edges alone. */
export const isCentred = (place: string): boolean => /^(North|Center|South)$/.test(place);
export const isMiddle = (place: string): boolean => /^(West|Center|East)$/.test(place);

/** A margin of ten pixels, but along an axis on which the middle was asked for. */
const untiled = (values: Values) => values['tile'] !== '1';
const margin = (between: (place: string) => boolean) => (values: Values) => (untiled(values) && between(values['gravity'] ?? '') ? '0' : '10');
const laid: Field[] = [
  toggle('tile', '0', '0'),
  { name: 'gravity', kind: 'place', choices: GRAVITIES, usual: 'SouthEast', absent: 'NorthWest', when: untiled },
  offset('ax', '10', { absent: margin(isCentred) }),
  offset('ay', '10', { absent: margin(isMiddle) }),
  percent('opacity', '90', 1, 100, { absent: '100' }),
  number('rotate', '0', 0, 360, { unit: '°', slider: true, absent: '0' }),
];

export const OPERATIONS = {
  size: {
    group: 'size',
    command: 'thumbnail',
    fields: [
      { name: 'type', kind: 'rule', choices: Array.from({ length: 15 }, (_, ix) => String(ix + 1)), usual: '14' },
      percent('scale', '50', 1, 10_000, { when: scales }),
      side('width', '512', { when: wide }),
      side('height', '512', { when: high }),
      { name: 'gravity', kind: 'place', choices: [...GRAVITIES, 'smart', 'Focus'], usual: 'Center', absent: 'Center', when: covers },
      number('fx', '0.5', 0, 1, { broken: true, slider: true, when: (values) => covers(values) && focused(values) }),
      number('fy', '0.5', 0, 1, { broken: true, slider: true, when: (values) => covers(values) && focused(values) }),
      colour('color', 'ffffff', { absent: 'ffffff', when: rooms }),
      toggle('enlarge', '1', '1', { when: (values) => rule(values) !== 14 && !(covers(values) && values['down'] === '1') }),
      toggle('down', '0', '0', { when: covers, seldom: true }),
      toggle('auto', '0', '0', { when: (values) => covers(values) && values['down'] !== '1', seldom: true }),
      number('minwidth', '0', 0, SIDE, { unit: 'px', absent: '0', seldom: true }),
      number('minheight', '0', 0, SIDE, { unit: 'px', absent: '0', seldom: true }),
    ],
  },
  trim: {
    group: 'size',
    command: 'trim',
    once: true,
    first: true,
    fields: [
      number('threshold', '10', 0, 255, { slider: true, absent: '10' }),
      colour('color', '', { absent: '', empty: true, label: 'border' }),
      toggle('equalx', '0', '0'),
      toggle('equaly', '0', '0'),
    ],
  },
  pad: {
    group: 'size',
    command: 'pad',
    fields: [
      ...['left', 'top', 'right', 'bottom'].map((name) => number(name, '24', 0, SIDE, { unit: 'px', absent: '0' })),
      colour('color', 'ffffff', { absent: 'ffffff' }),
    ],
  },
  crop: {
    group: 'cut',
    command: 'crop',
    fields: [number('width', '400', 0, SIDE, { unit: 'px', absent: '0' }), number('height', '300', 0, SIDE, { unit: 'px', absent: '0' }), ...area()],
  },
  smartcrop: { group: 'cut', command: 'smartcrop', fields: [side('width', '400'), side('height', '400')] },
  indexcrop: {
    group: 'cut',
    command: 'indexcrop',
    fields: [
      choice('along', ['x', 'y'], 'x', { chosen: (given) => (given['y'] === undefined ? 'x' : 'y') }),
      side('x', '200', { label: 'length', when: (values) => values['along'] !== 'y' }),
      side('y', '200', { label: 'length', when: (values) => values['along'] === 'y' }),
      number('i', '0', 0, 65_535, { absent: '0' }),
    ],
  },
  corners: { group: 'cut', command: 'rounded-corners', fields: [number('r', '32', 1, 4096, { unit: 'px' })] },
  circle: { group: 'cut', command: 'circle', fields: [number('r', '200', 1, 4096, { unit: 'px' })] },
  rotate: { group: 'turn', command: 'rotate', fields: [number('degree', '90', 0, 360, { unit: '°', slider: true })] },
  flip: { group: 'turn', command: 'flip', fields: [choice('axis', ['x', 'y'], 'y')] },
  orient: { group: 'turn', command: 'auto-orient', once: true, fields: [toggle('value', '1', '1', { label: 'upright' })] },
  words: {
    group: 'marks',
    command: 'watermark',
    fixed: { type: '1' },
    fields: [
      { name: 'text', kind: 'text', usual: '门到门 · Doorstep', coded: true, bytes: 512 },
      number('fontsize', '36', 1, 1000, { unit: 'px', absent: '10' }),
      colour('fill', 'ffffff', { absent: 'ffffff', coded: true }),
      percent('shadow', '60', 0, 100, { absent: '0' }),
      ...laid,
      { name: 'font', kind: 'text', usual: '', absent: '', coded: true, bytes: 64, empty: true, seldom: true },
    ],
  },
  logo: {
    group: 'marks',
    command: 'watermark',
    fixed: { type: '2' },
    fields: [{ name: 'imageurl', kind: 'picture', usual: '', coded: true, bytes: 2048 }, percent('scale', '20', 0, 1000, { absent: '0', label: 'share' }), ...laid],
  },
  mark: {
    group: 'marks',
    command: 'mark',
    fields: [{ name: 'text', kind: 'text', usual: 'doorstep', coded: true, bytes: 16, label: 'hidden' }, number('strength', '4', 1, 10, { slider: true, absent: '4' })],
  },
  bright: { group: 'tone', command: 'bright', fields: [number('value', '15', -100, 100, { slider: true })] },
  contrast: { group: 'tone', command: 'contrast', fields: [number('value', '15', -100, 100, { slider: true })] },
  blur: {
    group: 'tone',
    command: 'blur',
    fields: [
      choice('type', ['2', '1'], '2', { absent: '2', label: 'kernel' }),
      number('radius', '6', 0, 50, { unit: 'px', slider: true, absent: '0' }),
      number('sigma', '3', 0, 50, { broken: true, slider: true, absent: (values) => (Number(values['radius']) > 0 ? '0' : '2') }),
      { name: 'part', kind: 'switch', usual: '0', chosen: (given) => (given['width'] === undefined ? '0' : '1') },
      side('width', '200', { when: (values) => values['part'] === '1' }),
      side('height', '200', { when: (values) => values['part'] === '1' }),
      ...area((values) => values['part'] === '1'),
    ],
  },
  sharpen: {
    group: 'tone',
    command: 'sharpen',
    fields: [
      percent('amount', '80', 1, 500, { absent: '100' }),
      number('sigma', '1', 0, 300, { broken: true, absent: '1' }),
      number('radius', '0', 0, 10, { unit: 'px', slider: true, absent: '0' }),
    ],
  },
  flatten: { group: 'tone', command: 'flatten', fields: [colour('color', 'ffffff', { absent: 'ffffff' })] },
  convert: {
    group: 'output',
    command: 'convert',
    once: true,
    fields: [
      choice('dst', ['source', 'auto', 'jpg', 'webp', 'avif', 'png', 'gif', 'bmp'], 'webp', { absent: 'source' }),
      choice('loss', ['usual', 'Q', 'q', 'bytes'], 'Q', { chosen: (given) => ['bytes', 'Q', 'q'].find((name) => given[name] !== undefined) ?? 'usual' }),
      number('Q', '80', 1, 100, { slider: true, when: (values) => values['loss'] === 'Q' }),
      percent('q', '85', 1, 100, { when: (values) => values['loss'] === 'q' }),
      number('bytes', '50000', 1, 4_294_967_295, { unit: 'bytes', when: (values) => values['loss'] === 'bytes' }),
      toggle('interlace', '0', '0'),
    ],
  },
  interlace: { group: 'output', command: 'interlace', once: true, fields: [toggle('value', '1', '1', { label: 'progressive' })] },
  frames: {
    group: 'output',
    command: 'frames',
    once: true,
    fields: [
      choice('keep', ['frames', 'still'], 'frames', { chosen: (given) => (given['gifmode'] === undefined && given['fr'] !== undefined ? 'still' : 'frames') }),
      choice('gifmode', ['1', '2', '4', '5', '6'], '2', { absent: '1', when: (values) => values['keep'] !== 'still' }),
      number('fr', '0', 0, 1, { broken: true, slider: true, when: (values) => values['keep'] === 'still' }),
    ],
  },
} as const satisfies Record<string, Operation>;

export type StepKind = keyof typeof OPERATIONS;
export const STEP_KINDS = Object.keys(OPERATIONS) as StepKind[];
export const operationOf = (kind: StepKind): Operation => OPERATIONS[kind];

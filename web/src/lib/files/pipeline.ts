// The steps of a picture pipeline as a form shows them, and their text in UFile's grammar.

export type FieldKind = 'number' | 'text' | 'colour' | 'choice';
export interface Field { name: string; kind: FieldKind; usual: string; least?: number; most?: number; choices?: readonly string[] }
export interface Step { kind: StepKind; values: Record<string, string> }

const GRAVITIES = ['NorthWest', 'North', 'NorthEast', 'West', 'Center', 'East', 'SouthWest', 'South', 'SouthEast'] as const;
const side = (name: string, usual: string): Field => ({ name, kind: 'number', usual, least: 1, most: 16384 });
const within = (name: string, usual: string, least: number, most: number): Field => ({ name, kind: 'number', usual, least, most });
const choice = (name: string, choices: readonly string[], usual: string): Field => ({ name, kind: 'choice', usual, choices });

/** Every step that the form offers, with its fields in the order in which they are shown. */
export const STEPS = {
  fit: [side('width', '512'), side('height', '512')],
  cover: [side('width', '400'), side('height', '300'), choice('gravity', [...GRAVITIES, 'smart'], 'smart')],
  crop: [side('width', '400'), side('height', '300'), choice('gravity', GRAVITIES, 'Center')],
  rotate: [within('degree', '90', 0, 360)],
  flip: [choice('axis', ['x', 'y'], 'y')],
  words: [
    { name: 'text', kind: 'text', usual: '门到门 · Doorstep' },
    within('fontsize', '36', 4, 500),
    { name: 'fill', kind: 'colour', usual: '#ffffff' },
    within('opacity', '90', 1, 100),
    choice('gravity', GRAVITIES, 'SouthEast'),
    choice('tile', ['0', '1'], '0'),
  ],
  corners: [within('r', '32', 1, 4096)],
  circle: [within('r', '200', 1, 4096)],
  blur: [within('radius', '6', 1, 50), within('sigma', '3', 1, 50)],
  sharpen: [within('radius', '1', 1, 10), within('sigma', '1', 1, 10), within('amount', '80', 1, 500)],
  bright: [within('value', '15', -100, 100)],
  contrast: [within('value', '15', -100, 100)],
  convert: [choice('dst', ['jpg', 'webp', 'png', 'avif', 'gif', 'auto'], 'webp'), within('Q', '80', 1, 100)],
} as const satisfies Record<string, readonly Field[]>;

export type StepKind = keyof typeof STEPS;
export const STEP_KINDS = Object.keys(STEPS) as StepKind[];

export const fieldsOf = (kind: StepKind): readonly Field[] => STEPS[kind];
export const stepName = <K extends StepKind>(kind: K): `step.${K}` => `step.${kind}`;

export const fresh = (kind: StepKind): Step => ({
  kind,
  values: Object.fromEntries(fieldsOf(kind).map((field) => [field.name, field.usual])),
});

/** URL-safe Base64 of a text's UTF-8, as the grammars want texts. */
export function base64url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_');
}

/** What is wrong with a value, if anything. */
export function fault(field: Field, value: string): 'empty' | 'range' | null {
  if (value.trim() === '') return 'empty';
  if (field.kind !== 'number') return null;
  const number = Number(value);
  const fits = Number.isInteger(number) && number >= (field.least ?? number) && number <= (field.most ?? number);
  return fits ? null : 'range';
}

export const sound = (step: Step): boolean => fieldsOf(step.kind).every((field) => fault(field, step.values[field.name] ?? '') === null);

function commandOf(step: Step): string {
  const value = step.values;
  const plain = (name: string, fixed: Record<string, string> = {}) => {
    const given = Object.entries({ ...fixed, ...value });
    return `iopcmd=${[name, ...given.map(([key, text]) => `${key}=${text}`)].join('&')}`;
  };
  switch (step.kind) {
    case 'fit':
      return plain('thumbnail', { type: '14' });
    case 'cover':
      return plain('thumbnail', { type: '8' });
    case 'words': {
      const { text = '', fill = '', tile = '0', ...rest } = value;
      const given: Record<string, string> = { type: '1', text: base64url(text), fill: base64url(fill.replace('#', '')), ...rest };
      if (tile === '1') given['tile'] = '1';
      return `iopcmd=watermark&${Object.entries(given).map(([key, word]) => `${key}=${word}`).join('&')}`;
    }
    case 'corners':
      return plain('rounded-corners');
    case 'blur':
      return plain('blur', { type: '2' });
    default:
      return plain(step.kind);
  }
}

/** The pipeline in the grammar of `iopcmd`; empty for no steps. */
export const textOf = (steps: readonly Step[]): string => steps.map(commandOf).join('|');

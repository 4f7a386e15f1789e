// A pipeline in imgproxy's options, where they can say the same. They are carried out in imgproxy's order, each once.
import type { StepKind, Values } from './operations';
import { covers } from './operations';
import { base64url, plainColour, type Step } from './pipeline';

/** imgproxy's order: a step that comes before another one here can only be said before it. */
const ORDER: readonly StepKind[][] = [['trim'], ['crop', 'smartcrop'], ['size'], ['rotate'], ['flip'], ['bright'], ['contrast'], ['blur'], ['sharpen'], ['pad'], ['flatten'], ['logo']];
/** What is said of the whole picture, wherever it stands. */
const ANYWHERE: readonly StepKind[] = ['orient', 'convert'];

const PLACES: Record<string, string> = {
  NorthWest: 'nowe', North: 'no', NorthEast: 'noea', West: 'we', Center: 'ce', East: 'ea', SouthWest: 'sowe', South: 'so', SouthEast: 'soea',
};

const at = (values: Values, name: string): number => Number(values[name] ?? 0);

function place(values: Values): string | null {
  if (values['gravity'] === 'smart') return 'sm';
  if (values['gravity'] === 'Focus') return `fp:${at(values, 'fx')}:${at(values, 'fy')}`;
  return PLACES[values['gravity'] ?? ''] ?? null;
}

function resize(values: Values): string | null {
  // The least that a side is to have also cuts, with imgproxy.
  if (at(values, 'minwidth') > 0 || at(values, 'minheight') > 0) return null;
  const type = at(values, 'type');
  const enlarges = type !== 14 && values['enlarge'] !== '0' && !(covers(values) && values['down'] === '1');
  const [both, larger] = [`${at(values, 'width')}:${at(values, 'height')}`, enlarges ? '/el:1' : ''];
  if (covers(values)) {
    const mode = values['down'] === '1' ? 'fill-down' : values['auto'] === '1' ? 'auto' : 'fill';
    const where = place(values);
    return where === null ? null : `rs:${mode}:${both}${where === 'ce' ? '' : `/g:${where}`}${larger}`;
  }
  switch (type) {
    case 4:
      return `w:${at(values, 'width')}${larger}`;
    case 5:
      return `h:${at(values, 'height')}${larger}`;
    case 9:
    case 14:
      return `rs:fit:${both}${larger}`;
    case 11:
      return `rs:force:${both}${larger}`;
    default:
      return null;
  }
}

function logo(values: Values): string | null {
  if (at(values, 'rotate') !== 0) return null;
  const where = values['tile'] === '1' ? 're' : PLACES[values['gravity'] ?? ''];
  const share = at(values, 'scale') / 100;
  return `wm:${at(values, 'opacity') / 100}:${where}:${at(values, 'ax')}:${at(values, 'ay')}${share ? `:${share}` : ''}/wmu:${base64url(values['imageurl'] ?? '')}`;
}

function convert(values: Values): string | null {
  if (values['loss'] === 'q' || values['interlace'] === '1') return null;
  const format = values['dst'] === 'auto' ? 'best' : values['dst'];
  const words = [format === 'source' ? '' : `f:${format}`, values['loss'] === 'Q' ? `q:${at(values, 'Q')}` : '', values['loss'] === 'bytes' ? `mb:${at(values, 'bytes')}` : ''];
  return words.filter(Boolean).join('/');
}

function optionOf({ kind, values }: Step, behind: Step | undefined): string | null {
  switch (kind) {
    case 'trim': {
      const more = [plainColour(values['color'] ?? ''), values['equalx'] === '1' ? '1' : '', values['equaly'] === '1' ? '1' : ''];
      return `t:${at(values, 'threshold')}:${more.join(':')}`.replace(/:+$/, '');
    }
    case 'crop': {
      const where = place(values);
      const [x, y] = [at(values, 'dx'), at(values, 'dy')];
      if (where === null || (values['gravity'] === 'Focus' && (x !== 0 || y !== 0))) return null;
      return `c:${at(values, 'width')}:${at(values, 'height')}:${where}${x || y ? `:${x}:${y}` : ''}`;
    }
    case 'smartcrop':
      return `c:${at(values, 'width')}:${at(values, 'height')}:sm`;
    case 'size':
      return resize(values);
    case 'rotate':
      return `rot:${at(values, 'degree')}`;
    case 'flip':
      return values['axis'] === 'x' ? 'fl:1:0' : 'fl:0:1';
    case 'bright':
      return `br:${at(values, 'value')}`;
    case 'contrast':
      return `co:${at(values, 'value')}`;
    case 'blur':
      return values['type'] !== '1' && values['part'] !== '1' && at(values, 'radius') === 0 ? `bl:${at(values, 'sigma')}` : null;
    case 'sharpen':
      return at(values, 'radius') === 0 && at(values, 'amount') === 100 && at(values, 'sigma') <= 10 ? `sh:${at(values, 'sigma')}` : null;
    case 'pad': {
      // Room has the background's colour; without one it is transparent.
      const ground = behind?.kind === 'flatten' ? plainColour(behind.values['color'] ?? '') : 'transparent';
      if (plainColour(values['color'] ?? '') !== ground) return null;
      return `pd:${['top', 'right', 'bottom', 'left'].map((side) => at(values, side)).join(':')}`;
    }
    case 'flatten':
      return `bg:${plainColour(values['color'] ?? '')}`;
    case 'logo':
      return logo(values);
    case 'orient':
      return values['value'] === '1' ? '' : 'ar:0';
    case 'convert':
      return convert(values);
    default:
      return null;
  }
}

/** The options of all steps; or the first step that cannot be said, and whether only its place is in the way. */
export function imgproxyOf(steps: readonly Step[]): { options: string } | { not: StepKind; order: boolean } {
  const options: string[] = [];
  let reached = -1;
  for (const [ix, step] of steps.entries()) {
    const option = optionOf(step, steps[ix + 1]);
    if (option === null) return { not: step.kind, order: false };
    const turn = ORDER.findIndex((kinds) => kinds.includes(step.kind));
    if (!ANYWHERE.includes(step.kind)) {
      if (turn <= reached) return { not: step.kind, order: true };
      reached = turn;
    }
    if (option !== '') options.push(option);
  }
  return { options: options.join('/') };
}

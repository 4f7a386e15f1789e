// A pipeline in the words of `x-oss-process`, step by step, where those words can say the same.
import { base64url, plainColour, type Step } from './pipeline';
import { covers, isCentred, isMiddle, type Values } from './operations';

export const PLACES: Record<string, string> = {
  NorthWest: 'nw', North: 'north', NorthEast: 'ne', West: 'west', Center: 'center', East: 'east', SouthWest: 'sw', South: 'south', SouthEast: 'se',
};
const MOST_SIDE = 16_384;

const at = (values: Values, name: string): number => Number(values[name] ?? 0);

function resize(values: Values): string | null {
  const type = at(values, 'type');
  const [width, height] = [at(values, 'width'), at(values, 'height')];
  if (at(values, 'minwidth') > 0 || at(values, 'minheight') > 0 || Math.max(type > 3 && type !== 5 ? width : 0, type > 4 ? height : 0) > MOST_SIDE) return null;
  const enlarges = type !== 14 && values['enlarge'] !== '0';
  const limit = enlarges ? ',limit_0' : '';
  const both = `w_${width},h_${height}`;
  if (covers(values)) return values['gravity'] === 'Center' && values['down'] !== '1' && values['auto'] !== '1' ? `resize,m_fill,${both}${limit}` : null;
  switch (type) {
    case 1:
      // A percentage enlarges unless it is told not to.
      return at(values, 'scale') <= 1000 ? `resize,p_${at(values, 'scale')}${enlarges ? '' : ',limit_1'}` : null;
    case 4:
      return `resize,w_${width}${limit}`;
    case 5:
      return `resize,h_${height}${limit}`;
    case 6:
      return width === height ? `resize,l_${width}${limit}` : null;
    case 7:
      return width === height ? `resize,s_${width}${limit}` : null;
    case 9:
    case 14:
      return `resize,m_lfit,${both}${limit}`;
    case 10:
      return `resize,m_mfit,${both}${limit}`;
    case 11:
      return `resize,m_fixed,${both}${limit}`;
    case 15: {
      const colour = plainColour(values['color'] ?? '');
      return `resize,m_pad,${both}${colour === 'ffffff' ? '' : `,color_${colour}`}${limit}`;
    }
    default:
      return null;
  }
}

/** Place, margins, opacity, angle and repetition of a watermark; null for what has no word. */
function laid(values: Values): string | null {
  const tiled = values['tile'] === '1';
  const place = tiled ? 'NorthWest' : (values['gravity'] ?? '');
  const [x, y] = [at(values, 'ax'), at(values, 'ay')];
  const words = [`g_${PLACES[place]}`];
  const [centred, middle] = [isCentred(place), isMiddle(place)];
  // Margins count from edges alone; from the middle there is only an offset downwards.
  if (x < 0 || (centred && x !== 0) || (middle ? Math.abs(y) > 1000 : y < 0) || Math.max(x, y) > MOST_SIDE) return null;
  if (!centred && x !== 10) words.push(`x_${x}`);
  if (middle && y !== 0) words.push(`voffset_${y}`);
  if (!middle && y !== 10) words.push(`y_${y}`);
  if (at(values, 'opacity') !== 100) words.push(`t_${at(values, 'opacity')}`);
  if (at(values, 'rotate') !== 0) words.push(`rotate_${at(values, 'rotate')}`);
  if (tiled) words.push('fill_1');
  return words.join(',');
}

function mark(values: Values, drawing: string | null): string | null {
  const rest = laid(values);
  return drawing === null || rest === null ? null : `watermark,${drawing},${rest}`;
}

const FORMATS = ['auto', 'jpg', 'webp', 'avif', 'png', 'gif', 'bmp'];

function convert(values: Values): string | null {
  if (values['loss'] === 'bytes') return null;
  const words: string[] = [];
  if (FORMATS.includes(values['dst'] ?? '')) words.push(`format,${values['dst']}`);
  if (values['loss'] === 'Q' || values['loss'] === 'q') words.push(`quality,${values['loss']}_${values[values['loss']]}`);
  if (values['interlace'] === '1') words.push('interlace,1');
  return words.join('/');
}

/** One step, without `image/`; empty where nothing has to be said, null where it cannot be said. */
export function ossOf({ kind, values }: Step): string | null {
  switch (kind) {
    case 'size':
      return resize(values);
    case 'crop': {
      const [x, y, place] = [at(values, 'dx'), at(values, 'dy'), PLACES[values['gravity'] ?? '']];
      if (place === undefined || x < 0 || y < 0 || Math.max(x, y, at(values, 'width'), at(values, 'height')) > MOST_SIDE) return null;
      return `crop,w_${at(values, 'width')},h_${at(values, 'height')},g_${place}${x ? `,x_${x}` : ''}${y ? `,y_${y}` : ''}`;
    }
    case 'indexcrop': {
      const along = values['along'] === 'y' ? 'y' : 'x';
      return at(values, along) <= MOST_SIDE ? `indexcrop,${along}_${at(values, along)},i_${at(values, 'i')}` : null;
    }
    case 'corners':
      return `rounded-corners,r_${at(values, 'r')}`;
    case 'circle':
      return `circle,r_${at(values, 'r')}`;
    case 'rotate':
      return `rotate,${at(values, 'degree')}`;
    case 'orient':
      return `auto-orient,${values['value']}`;
    case 'bright':
    case 'contrast':
      return `${kind},${at(values, 'value')}`;
    case 'blur': {
      const plain = values['type'] !== '1' && values['part'] !== '1' && at(values, 'radius') >= 1 && at(values, 'sigma') >= 0.01;
      return plain ? `blur,r_${at(values, 'radius')},s_${at(values, 'sigma')}` : null;
    }
    case 'sharpen': {
      const plain = at(values, 'radius') === 0 && at(values, 'sigma') === 1 && at(values, 'amount') >= 50 && at(values, 'amount') <= 399;
      return plain ? `sharpen,${at(values, 'amount')}` : null;
    }
    case 'words': {
      const font = values['font'] ? `,type_${base64url(values['font'])}` : '';
      const shadow = at(values, 'shadow') ? `,shadow_${at(values, 'shadow')}` : '';
      return mark(values, `text_${base64url(values['text'] ?? '')},size_${at(values, 'fontsize')},color_${plainColour(values['fill'] ?? '')}${shadow}${font}`);
    }
    case 'logo': {
      const share = at(values, 'scale');
      // What follows a question mark would be read as the picture's own processing.
      const sayable = share <= 100 && !(values['imageurl'] ?? '').includes('?');
      return mark(values, sayable ? `image_${base64url(values['imageurl'] ?? '')}${share ? `,P_${share}` : ''}` : null);
    }
    case 'convert':
      return convert(values);
    case 'interlace':
      // UFile's word makes a JPEG of it as well.
      return values['value'] === '1' ? 'format,jpg/interlace,1' : '';
    default:
      return null;
  }
}

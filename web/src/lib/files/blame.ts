// Whose fault a refusal is: the server names a command and a parameter, the page shows a step and a field.
import { Problem } from '../api/problem';
import { operationOf } from './operations';
import { fieldsOf, sound, type Step } from './pipeline';

export interface Blame { step: number; field: string | null; reason: string }

/** `?pipeline iopcmd/thumbnail/width`, `?pipeline crop` → the step, and the field where one is named. */
export function blameOf(error: unknown, steps: readonly Step[]): Blame | null {
  if (!(error instanceof Problem)) return null;
  for (const { field, reason } of error.errors) {
    const parts = field.replace(/^\?pipeline\s*/, '').split('/');
    const [command, parameter] = parts.length > 1 ? [parts[1], parts[2]] : [parts[0], undefined];
    const asked = steps.map((step, ix) => ({ step, ix })).filter(({ step }) => operationOf(step.kind).command === command);
    // A picture that cannot be had is that of a watermark which names it.
    const named = asked.filter(({ step }) => step.values['imageurl'] && reason.includes(step.values['imageurl']));
    const culprit = named[0] ?? asked.find(({ step }) => !sound(step)) ?? asked[0];
    if (!culprit) continue;
    const known = parameter === undefined ? undefined : fieldsOf(culprit.step.kind).find((one) => one.name === parameter || one.alias === parameter);
    const at = known?.name ?? (named.length > 0 ? 'imageurl' : null);
    // What has been said by the place is not said again: `iopcmd, thumbnail, width: …`.
    return { step: culprit.ix, field: at, reason: reason.replace(/^[\w-]+(, [\w-]+)*: (?!\/)/, '') };
  }
  return null;
}

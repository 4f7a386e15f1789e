// A step in a line, for a card that is folded.
import { tOr } from '../i18n/index.svelte';
import type { Field } from './operations';
import { shownFields, type Step } from './pipeline';

const UNITS: Record<string, string> = { '%': ' %', px: ' px', '°': '°' };

/** A field's name in the reader's language. */
export const fieldLabel = (field: Field): string => tOr(`f.${field.label ?? field.name}`, field.name);

/** A choice in the reader's language; formats are their own names. */
export const choiceLabel = (name: string, choice: string): string => tOr(`c.${name}.${choice}`, choice.toUpperCase());

export function unitOf(field: Field): string {
  return field.unit === 'bytes' ? ` ${tOr('unit.bytes', 'bytes')}` : (UNITS[field.unit ?? ''] ?? '');
}

function said(field: Field, value: string): string {
  switch (field.kind) {
    case 'number':
      return `${field.unit && field.name !== 'q' && field.name !== 'bytes' ? '' : `${fieldLabel(field)} `}${value}${unitOf(field)}`;
    case 'choice':
      return choiceLabel(field.name, value);
    case 'rule':
      return tOr(`rule.${value}`, value);
    case 'place':
      return tOr(`place.${value}`, value);
    case 'text':
      return value && `“${value}”`;
    case 'picture':
      return value.split('/').pop() ?? value;
    case 'colour':
      return value && `#${value.replace(/^#/, '')}`;
    case 'switch':
      return value === '1' ? fieldLabel(field) : '';
  }
}

/** What the step is set to, the most telling first. */
export function summaryOf(step: Step): string {
  const fields = shownFields(step).filter((field) => !field.seldom);
  const value = (name: string) => step.values[name] ?? '';
  if (step.kind === 'size' || step.kind === 'crop' || step.kind === 'smartcrop') {
    const named = ['width', 'height'].filter((name) => fields.some((field) => field.name === name)).map(value);
    const rule = step.kind === 'size' ? `${tOr(`rule.${value('type')}`, value('type'))} · ` : '';
    return rule + (named.length > 0 ? `${named.join(' × ')} px` : `${value('scale')} %`);
  }
  const untold = fields.filter((field) => !field.chosen && !(field.kind === 'number' && value(field.name) === '0'));
  const words = untold.map((field) => said(field, value(field.name))).filter((word) => word !== '');
  return words.slice(0, 3).join(' · ');
}

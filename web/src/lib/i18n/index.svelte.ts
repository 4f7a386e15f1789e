// The language of the page, switchable without a reload.
import { fill, isMessageKey, type Args, type MessageKey, type Messages } from './catalogue';
import { en } from './en';
import { zh } from './zh';

export const LANGUAGES = { en: 'English', zh: '中文' } as const;
export type Language = keyof typeof LANGUAGES;
const CATALOGUES: Record<Language, Messages> = { en, zh };
const SLOT = 'doorstep.language';

function initial(): Language {
  try {
    const kept = localStorage.getItem(SLOT);
    if (kept === 'en' || kept === 'zh') return kept;
  } catch {
    // Storage is switched off.
  }
  return (navigator.languages ?? []).find((tag) => /^(en|zh)\b/.test(tag))?.startsWith('zh') ? 'zh' : 'en';
}

let current = $state<Language>(initial());

export const locale = {
  get language(): Language {
    return current;
  },
  /** BCP 47, for Intl and the lang attribute. */
  get tag(): string {
    return current === 'zh' ? 'zh-CN' : 'en';
  },
  set(language: Language): void {
    current = language;
    try {
      localStorage.setItem(SLOT, language);
    } catch {
      // The choice then lasts as long as the page.
    }
  },
};

export function t<K extends MessageKey>(key: K, ...args: Args<K>): string {
  return fill(CATALOGUES[current][key], args[0] as Record<string, string | number> | undefined);
}

/** A message whose key is made from data, or the fallback where the catalogue has none. */
export function tOr(key: string, fallback: string, params?: Record<string, string | number>): string {
  return isMessageKey(key) ? fill(CATALOGUES[current][key], params) : fallback;
}

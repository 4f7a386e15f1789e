// Light, dark, or what the system says; `dark` is what holds now.

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];
const SLOT = 'doorstep.theme';
const media = matchMedia('(prefers-color-scheme: dark)');
const motion = matchMedia('(prefers-reduced-motion: reduce)');

function kept(): Theme {
  try {
    const value = localStorage.getItem(SLOT);
    return value === 'light' || value === 'dark' ? value : 'auto';
  } catch {
    return 'auto';
  }
}

let chosen = $state<Theme>(kept());
let systemDark = $state(media.matches);
let still = $state(motion.matches);
media.addEventListener('change', (event) => (systemDark = event.matches));
motion.addEventListener('change', (event) => (still = event.matches));

export const theme = {
  get chosen(): Theme {
    return chosen;
  },
  get dark(): boolean {
    return chosen === 'dark' || (chosen === 'auto' && systemDark);
  },
  /** The person asked the system for less motion. */
  get still(): boolean {
    return still;
  },
  set(value: Theme): void {
    chosen = value;
    try {
      if (value === 'auto') localStorage.removeItem(SLOT);
      else localStorage.setItem(SLOT, value);
    } catch {
      // The choice then lasts as long as the page.
    }
  },
};

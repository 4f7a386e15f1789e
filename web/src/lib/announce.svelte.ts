// What a screen reader is told besides what is read: one polite region for the whole page.
let spoken = $state('');

export const announcer = {
  get text(): string {
    return spoken;
  },
};

export function announce(text: string): void {
  // The same text twice would be said once: a no-break space makes it another text.
  spoken = text === spoken ? `${text}\u00a0` : text;
}

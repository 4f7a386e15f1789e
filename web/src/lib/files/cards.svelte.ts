// The steps as cards on the page: which is open, in which order, and the text beside them.
import { operationOf, type StepKind } from './operations';
import { fresh, sound, textOf, type Step } from './pipeline';
import { stepsOfText } from './addresses';

export interface Card { id: number; step: Step; open: boolean }

export class Cards {
  all = $state<Card[]>([]);
  /** A text written by hand; null while the steps say it. */
  written = $state<string | null>(null);
  private made = 0;

  constructor(text: string | null) {
    if (text === null) this.all = [this.card(fresh('size'), true)];
    else this.read(text);
  }

  private card(step: Step, open = false): Card {
    this.made += 1;
    return { id: this.made, step, open };
  }

  get steps(): Step[] {
    return this.all.map((card) => card.step);
  }
  /** The pipeline, however it is said. */
  get text(): string {
    return this.written ?? textOf(this.steps);
  }
  get sound(): boolean {
    return this.written !== null || this.steps.every(sound);
  }
  has(kind: StepKind): boolean {
    return this.all.some((card) => card.step.kind === kind);
  }

  /** Takes a text over: as steps where they have the words, else as it is. */
  read(text: string): void {
    const steps = stepsOfText(text);
    this.written = steps === null ? text : null;
    if (steps) this.all = steps.map((step) => this.card(step));
  }

  /** Begins to write by hand, with what the steps say. */
  write(): void {
    this.written = this.text;
  }

  /** Goes back to the steps; whether they have the words for what was written. */
  unwrite(): boolean {
    const steps = stepsOfText(this.written ?? '');
    if (steps === null) return false;
    if (textOf(steps) !== textOf(this.steps)) this.all = steps.map((step) => this.card(step));
    this.written = null;
    return true;
  }

  add(kind: StepKind, values: Record<string, string> = {}): Card {
    for (const card of this.all) card.open = false;
    const card = this.card(fresh(kind, values), true);
    if (operationOf(kind).first) this.all.unshift(card);
    else this.all.push(card);
    return card;
  }

  set(id: number, field: string, value: string): void {
    const card = this.all.find((one) => one.id === id);
    if (card) card.step.values[field] = value;
  }

  fold(id: number): void {
    const card = this.all.find((one) => one.id === id);
    if (card) card.open = !card.open;
  }

  remove(id: number): void {
    this.all = this.all.filter((card) => card.id !== id);
  }

  /** Moves a card; the place where it now is, or null where there is none beyond. */
  move(id: number, to: number): number | null {
    const from = this.all.findIndex((card) => card.id === id);
    const [card] = this.all.slice(from, from + 1);
    if (!card || to < 0 || to >= this.all.length || to === from) return null;
    const others = this.all.filter((one) => one.id !== id);
    this.all = [...others.slice(0, to), card, ...others.slice(to)];
    return to;
  }
}

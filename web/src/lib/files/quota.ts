// Limits of a bucket, in decimal units as disks are sold.
export const UNITS = ['MB', 'GB', 'TB'] as const;
export type Unit = (typeof UNITS)[number];
const BYTES: Record<Unit, number> = { MB: 1e6, GB: 1e9, TB: 1e12 };

/** Bytes of an amount; 0 for an empty one, which takes the limit away; null for what is none. */
export function sizeOf(amount: string, unit: Unit): number | null {
  if (amount.trim() === '') return 0;
  const bytes = Math.round(Number(amount) * BYTES[unit]);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}

/** A limit as a form shows it, in the largest unit of which it has at least one. */
export function spokenSize(bytes: number | null): { amount: string; unit: Unit } {
  if (bytes === null) return { amount: '', unit: 'GB' };
  const unit = [...UNITS].reverse().find((one) => bytes >= BYTES[one]) ?? 'MB';
  return { amount: String(bytes / BYTES[unit]), unit };
}

import { useState } from "react";

export interface Draft<T> {
  /** What is stored, with what was entered over it. */
  value: T;
  isDirty: boolean;
  set: (change: Partial<T>) => void;
  discard: () => void;
}

/** What somebody has entered and not saved yet. */
export function useDraft<T extends object>(stored: T): Draft<T> {
  const [changes, setChanges] = useState<Partial<T>>({});
  const known = new Map<string, unknown>(Object.entries(stored));
  return {
    value: { ...stored, ...changes },
    isDirty: Object.entries(changes).some(([name, value]) => !Object.is(value, known.get(name))),
    set: (change) => setChanges((old) => ({ ...old, ...change })),
    discard: () => setChanges({}),
  };
}

/** Reads a number field: null if it is empty, and NaN if it is none within the bounds. */
export function numberWithin(text: string, least: number, most: number): number | null {
  if (text.trim() === "") return null;
  // Thousands may be set apart, as they are in the language of who writes.
  const digits = text.trim().replace(/[.,\s](?=\d{3}(?!\d))/g, "");
  const number = Number(digits);
  return /^\d+$/.test(digits) && number >= least && number <= most ? number : NaN;
}

/** Reads an amount of money, with a point or a comma before its cents: null if it is empty, and NaN if it is none above 0. */
export function amountOf(text: string): number | null {
  if (text.trim() === "") return null;
  const amount = Number(text.trim().replace(/,(?=\d{1,2}$)/, "."));
  return amount > 0 && Number.isFinite(amount) ? amount : NaN;
}

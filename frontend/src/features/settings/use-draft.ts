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
  const number = Number(text);
  return Number.isInteger(number) && number >= least && number <= most ? number : NaN;
}

/** Numbers and times in words. */

import { locale, m } from "@/i18n/language";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Reads a server time: UTC unless it names a zone. Returns milliseconds, or null if it is not a time. */
export function parseTime(text: string): number | null {
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/.test(text);
  const time = Date.parse(hasZone ? text : `${text}Z`);
  return Number.isNaN(time) ? null : time;
}

export function relativeTime(text: string, now: number): string {
  const time = parseTime(text);
  if (time === null) return "";
  const seconds = Math.max(0, (now - time) / 1000);
  if (seconds < 45) return m.common.justNow;
  if (seconds < HOUR) return m.common.minutesAgo(Math.max(1, Math.round(seconds / MINUTE)));
  if (seconds < DAY) return m.common.hoursAgo(Math.round(seconds / HOUR));
  if (seconds < 7 * DAY) return m.common.daysAgo(Math.round(seconds / DAY));
  return new Date(time).toLocaleDateString(locale(), { day: "numeric", month: "short", year: "numeric" });
}

export function clockTime(text: string): string {
  const time = parseTime(text);
  return time === null ? "" : new Date(time).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" });
}

/** Returns how long it took between two server times, or null if it cannot be told. */
export function duration(from: string, to: string): string | null {
  const start = parseTime(from);
  const end = parseTime(to);
  if (start === null || end === null || end < start) return null;
  const took = (end - start) / 1000;
  return took < 0.0005 ? null : seconds(took);
}

/** Returns a number of seconds with its unit. */
export function seconds(count: number): string {
  if (count === 0) return "0 s";
  if (count < 1) return `${Math.max(1, Math.round(count * 1000))} ms`;
  if (count < MINUTE) return `${fixed(count, 1)} s`;
  return `${Math.floor(count / MINUTE)} min ${Math.round(count % MINUTE)} s`;
}

export function tokenCount(count: number): string {
  if (count < 1000) return String(count);
  if (count < 1_000_000) return `${fixed(count / 1000, count < 10_000 ? 1 : 0)}k`;
  return `${fixed(count / 1_000_000, 1)}M`;
}

export function dollars(amount: number): string {
  const digits = amount !== 0 && amount < 0.01 ? 4 : 2;
  return fixed(amount, digits, { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol" });
}

/** Returns a whole number with its thousands set apart. */
export function wholeNumber(count: number): string {
  return fixed(count, 0);
}

function fixed(count: number, digits: number, style: Intl.NumberFormatOptions = {}): string {
  return count.toLocaleString(locale(), { ...style, minimumFractionDigits: digits, maximumFractionDigits: digits });
}

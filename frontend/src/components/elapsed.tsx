import { useEffect, useState } from "react";

import { m } from "@/i18n/language";

/** Seconds since this was first shown; server and browser clocks need not agree. */
export function Elapsed({ className = "" }: { className?: string }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((past) => past + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return seconds < 2 ? null : <span className={`tabular-nums ${className}`}>{m.chat.run.seconds(seconds)}</span>;
}

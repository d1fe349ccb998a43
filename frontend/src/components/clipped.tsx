import { useState, type ReactNode } from "react";

import { m } from "@/i18n/language";

interface ClippedProps {
  text: string;
  limit: number;
  /** Show the end rather than the beginning: for output that is still growing. */
  keep: "start" | "end";
  render: (text: string) => ReactNode;
  buttonClassName: string;
}

/** Long text cut to its first or last lines until someone asks for all of it. */
export function Clipped({ text, limit, keep, render, buttonClassName }: ClippedProps) {
  const [showsAll, setShowsAll] = useState(false);
  const lines = text.split("\n");
  // Cutting a line or two away costs more than showing them.
  const isLong = lines.length > limit + 2;
  if (!isLong) return render(text);
  const part = keep === "start" ? lines.slice(0, limit) : lines.slice(-limit);
  return (
    <>
      {render(showsAll ? text : part.join("\n"))}
      <button
        type="button"
        aria-expanded={showsAll}
        onClick={() => setShowsAll(!showsAll)}
        className={`block w-full border-t px-3.5 py-1.5 text-left text-xs font-medium ${buttonClassName}`}
      >
        {showsAll ? m.common.showLess : m.common.showAllLines(lines.length)}
      </button>
    </>
  );
}

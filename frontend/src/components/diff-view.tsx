import { memo, useState } from "react";

import { m } from "@/i18n/language";
import type { DiffLine } from "@/lib/diff";

const LIMIT = 16;

const LOOKS = { added: "bg-ok-soft", removed: "bg-bad-soft", same: "", hunk: "bg-panel text-muted" };
const SIGNS = { added: "+", removed: "−", same: " ", hunk: "" };

function numberOf(line: DiffLine): string {
  if (line.kind === "hunk") return "";
  return String(line.kind === "removed" ? line.before : line.after);
}

/** A unified diff, colored, with line numbers. */
export const DiffView = memo(function DiffView({ lines: all }: { lines: readonly DiffLine[] }) {
  const [showsAll, setShowsAll] = useState(false);
  // Line numbers say where it begins; headers only mark what lies between.
  const lines = all[0]?.kind === "hunk" ? all.slice(1) : all;
  const isLong = lines.length > LIMIT + 5;
  const shown = isLong && !showsAll ? lines.slice(0, LIMIT) : lines;
  return (
    <>
      <div className="max-h-[28rem] overflow-auto focus-visible:-outline-offset-2" tabIndex={0}>
        <table className="w-full border-collapse font-mono text-[0.8125rem] leading-5">
          <tbody>
            {shown.map((line, at) => (
              <tr key={at} className={LOOKS[line.kind]}>
                <td className="w-11 min-w-11 pr-2 pl-3 text-right text-xs text-muted select-none">{numberOf(line)}</td>
                <td
                  className={`w-4 min-w-4 text-center select-none ${line.kind === "added" ? "text-ok" : line.kind === "removed" ? "text-bad" : ""}`}
                >
                  {SIGNS[line.kind]}
                </td>
                <td className="pr-3 pl-1 whitespace-pre">{line.text || " "}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {isLong && (
        <button
          type="button"
          aria-expanded={showsAll}
          onClick={() => setShowsAll(!showsAll)}
          className="block w-full border-t border-line px-3.5 py-1.5 text-left text-xs font-medium text-muted hover:bg-panel hover:text-ink"
        >
          {showsAll ? m.common.showLess : m.common.showAllLines(lines.length)}
        </button>
      )}
    </>
  );
});

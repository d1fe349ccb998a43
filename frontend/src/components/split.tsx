import { useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";

import { readStored, writeStored } from "@/lib/stored-text";

interface SplitProps {
  /** Under which name the position is kept. */
  storageKey: string;
  label: string;
  left: ReactNode;
  /** Null leaves all the room to the left. */
  right: ReactNode;
  /** False leaves all the room to the right. */
  isLeftShown: boolean;
}

const LEAST = 28;
const MOST = 72;
const STEP = 2;

const within = (percent: number) => Math.min(MOST, Math.max(LEAST, percent));

/** Two columns with a bar between them that can be dragged or moved with the arrow keys. */
export function Split({ storageKey, label, left, right, isLeftShown }: SplitProps) {
  const [share, setShare] = useState(() => within(Number(readStored(storageKey)) || 50));
  const box = useRef<HTMLDivElement>(null);
  const move = (percent: number) => {
    const next = within(percent);
    setShare(next);
    writeStored(storageKey, String(Math.round(next)));
  };
  const onPointerMove = (event: PointerEvent) => {
    const bounds = box.current?.getBoundingClientRect();
    if (bounds === undefined || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
    move(((event.clientX - bounds.left) / bounds.width) * 100);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowLeft") move(share - STEP);
    else if (event.key === "ArrowRight") move(share + STEP);
    else return;
    event.preventDefault();
  };
  const isSplit = right !== null && isLeftShown;
  return (
    <div ref={box} className="flex min-h-0 min-w-0 flex-1">
      <div
        className={`min-h-0 min-w-0 flex-col ${isLeftShown ? "flex" : "hidden"} ${isSplit ? "" : "flex-1"}`}
        style={isSplit ? { width: `${share}%` } : undefined}
      >
        {left}
      </div>
      {isSplit && (
        <div
          role="separator"
          aria-orientation="vertical"
          aria-label={label}
          aria-valuemin={LEAST}
          aria-valuemax={MOST}
          aria-valuenow={Math.round(share)}
          tabIndex={0}
          onKeyDown={onKeyDown}
          onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
          onPointerMove={onPointerMove}
          onDoubleClick={() => move(50)}
          className="group relative z-10 -mx-1 w-2 shrink-0 cursor-col-resize touch-none"
        >
          <span className="absolute inset-y-0 left-1/2 w-px -translate-x-1/2 bg-line transition-colors group-hover:w-0.5 group-hover:bg-accent" />
        </div>
      )}
      {right !== null && <div className="flex min-h-0 min-w-0 flex-1 flex-col">{right}</div>}
    </div>
  );
}

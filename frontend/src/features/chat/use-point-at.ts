import { useEffect, useRef, type RefObject } from "react";

/** Frames after which a row that cannot be brought to the middle is left where it is. */
const MOST_FRAMES = 60;
/** Frames in which a row must have stayed in sight: what is drawn around it is still being measured. */
const STEADY_FRAMES = 3;

interface PointAtOptions {
  scroller: RefObject<HTMLElement | null>;
  /** The row to bring into sight, once it is there to be drawn; null for none. */
  index: number | null;
  /** What was asked for; each request is met once. */
  request: string | null;
  scrollTo: (index: number) => void;
}

/** Brings a row of a list into sight whose sizes become known only while it is drawn. */
export function usePointAt({ scroller, index, request, scrollTo }: PointAtOptions): void {
  const doneFor = useRef<string | null>(null);
  const latest = useRef({ index, scrollTo });
  useEffect(() => {
    latest.current = { index, scrollTo };
  });
  const isReady = index !== null && request !== null;
  useEffect(() => {
    if (!isReady || doneFor.current === request) return;
    let frame = 0;
    let frames = 0;
    let steady = 0;
    const step = () => {
      const { index: at, scrollTo: go } = latest.current;
      steady = at !== null && isInSight(scroller.current, at) ? steady + 1 : 0;
      frames += 1;
      if (steady >= STEADY_FRAMES || frames > MOST_FRAMES) {
        doneFor.current = request;
        return;
      }
      if (at !== null && steady === 0) go(at);
      frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }, [isReady, request, scroller]);
}

function isInSight(box: HTMLElement | null, index: number): boolean {
  const row = box?.querySelector(`[data-index="${index}"]`);
  if (box == null || row == null) return false;
  const outer = box.getBoundingClientRect();
  const inner = row.getBoundingClientRect();
  return inner.bottom > outer.top + 8 && inner.top < outer.bottom - 8;
}

import { useCallback, useEffect, useRef, useState, type RefObject } from "react";

const NEAR = 48;
/** A move this long after a wheel, a key or a finger is still the reader's. */
const BY_HAND_MS = 1000;

interface StickToEnd {
  scroller: RefObject<HTMLDivElement | null>;
  content: RefObject<HTMLDivElement | null>;
  isAtEnd: boolean;
  jumpToEnd: () => void;
  /** Lets go of the end, because something else is to be shown. */
  letGo: () => void;
}

/** Keeps a scrolling box at its end while it grows, unless the reader has scrolled away from it. */
export function useStickToEnd(): StickToEnd {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const sticks = useRef(true);
  const touchedAt = useRef(-BY_HAND_MS);
  const [isAtEnd, setIsAtEnd] = useState(true);

  const jumpToEnd = useCallback(() => {
    const box = scroller.current;
    if (box === null) return;
    sticks.current = true;
    // What the list does to get there is not the reader's doing.
    touchedAt.current = -BY_HAND_MS;
    setIsAtEnd(true);
    box.scrollTop = box.scrollHeight;
  }, []);

  const letGo = useCallback(() => {
    sticks.current = false;
  }, []);

  useEffect(() => {
    const box = scroller.current;
    const inner = content.current;
    if (box === null || inner === null) return;
    let lastTop = box.scrollTop;
    let isHeld = false;
    const touch = () => {
      touchedAt.current = performance.now();
    };
    const hold = () => {
      isHeld = true;
    };
    const release = () => {
      if (isHeld) touch();
      isHeld = false;
    };
    const onScroll = () => {
      const distance = box.scrollHeight - box.scrollTop - box.clientHeight;
      const isByHand = isHeld || performance.now() - touchedAt.current < BY_HAND_MS;
      // Growth and the list itself also scroll: only the reader's own move upwards lets go of the end.
      if (distance < NEAR) sticks.current = true;
      else if (isByHand && box.scrollTop < lastTop - 1) sticks.current = false;
      lastTop = box.scrollTop;
      setIsAtEnd(sticks.current);
    };
    const follow = new ResizeObserver(() => {
      if (sticks.current) box.scrollTop = box.scrollHeight;
    });
    box.addEventListener("scroll", onScroll, { passive: true });
    for (const name of ["wheel", "touchmove", "keydown"]) box.addEventListener(name, touch, { passive: true });
    box.addEventListener("pointerdown", hold, { passive: true });
    window.addEventListener("pointerup", release);
    follow.observe(inner);
    follow.observe(box);
    return () => {
      box.removeEventListener("scroll", onScroll);
      for (const name of ["wheel", "touchmove", "keydown"]) box.removeEventListener(name, touch);
      box.removeEventListener("pointerdown", hold);
      window.removeEventListener("pointerup", release);
      follow.disconnect();
    };
  }, []);

  return { scroller, content, isAtEnd, jumpToEnd, letGo };
}

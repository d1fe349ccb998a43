import { useEffect } from "react";

interface ToastProps {
  /** Null shows nothing. */
  text: string | null;
  onGone: () => void;
}

const SHOWN_MS = 2500;

/** A word about something that was done, for a moment. */
export function Toast({ text, onGone }: ToastProps) {
  useEffect(() => {
    if (text === null) return;
    const timer = setTimeout(onGone, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [text, onGone]);
  return (
    <div role="status" className="pointer-events-none fixed inset-x-0 bottom-24 z-40 flex justify-center">
      {text !== null && <p className="rounded-full bg-ink px-4 py-1.5 text-sm text-page shadow-lg">{text}</p>}
    </div>
  );
}

import { useCallback, useEffect, useState } from "react";

const SHOWN_MS = 1500;

/** Puts text on the clipboard; says for a moment that it is there. */
export function useCopied(): [boolean, (text: string) => void] {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = useCallback((text: string) => {
    writeClipboard(text).then(
      () => setCopied(true),
      // A browser that forbids it shows so itself.
      () => undefined,
    );
  }, []);
  return [isCopied, copy];
}

/** The clipboard's own interface exists on secure pages only; the old way works on all. */
async function writeClipboard(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  field.style.opacity = "0";
  document.body.append(field);
  field.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else works without HTTPS
  document.execCommand("copy");
  field.remove();
}

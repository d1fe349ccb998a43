import { m } from "@/i18n/language";
import { useCopied } from "@/lib/use-copied";

import { IconButton } from "./button";
import { Icon } from "./icons";

interface CopyButtonProps {
  label: string;
  /** What to copy, asked for when it is. */
  text: () => string;
  className?: string;
}

/** Copies something, and shows for a moment that it did. */
export function CopyButton({ label, text, className = "" }: CopyButtonProps) {
  const [isCopied, copy] = useCopied();
  return (
    <IconButton label={isCopied ? m.common.copied : label} onClick={() => copy(text())} className={className}>
      <Icon name={isCopied ? "check" : "copy"} className={isCopied ? "text-ok" : ""} />
    </IconButton>
  );
}

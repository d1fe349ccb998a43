import { useEffect, useState } from "react";

import { m } from "@/i18n/language";
import { copyText } from "@/lib/copy-text";

import { IconButton } from "./button";
import { Icon } from "./icons";

interface CopyButtonProps {
  /** What to copy; a function is asked when it is. */
  text: string | (() => string);
  label?: string;
  className?: string;
}

/** Copies a text, and says for a moment that it did. */
export function CopyButton({ text, label = m.common.copy, className = "" }: CopyButtonProps) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <IconButton
      label={isCopied ? m.common.copied : label}
      onClick={() => void copyText(typeof text === "string" ? text : text()).then(setCopied)}
      className={className}
    >
      <Icon name={isCopied ? "check" : "copy"} className="size-3.5" />
    </IconButton>
  );
}

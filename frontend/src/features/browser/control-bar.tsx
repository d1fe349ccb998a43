import type { RefObject } from "react";

import { Button } from "@/components/button";
import { m } from "@/i18n/language";
import { assertNever } from "@/lib/guards";

import type { Holder, LiveState } from "./live-state";

interface ControlBarProps {
  holder: Holder;
  link: LiveState["link"];
  /** The button, to go to when the picture is left by a key. */
  button: RefObject<HTMLButtonElement | null>;
  onTakeOver: () => void;
  onHandBack: () => void;
}

function inWords(holder: Holder, link: LiveState["link"]): { text: string; dot: string; bar: string } {
  const { live } = m.workspace.browser;
  if (link !== "open") return { text: live.lost, dot: "bg-line-strong", bar: "text-muted" };
  switch (holder) {
    case "agent":
      return { text: live.agent, dot: "bg-ok", bar: "text-muted" };
    case "me":
      return { text: live.me, dot: "bg-accent", bar: "bg-accent-soft text-ink" };
    case "other":
      return { text: live.other, dot: "bg-warn", bar: "bg-warn-soft text-ink" };
    default:
      return assertNever(holder);
  }
}

/** Who uses the browser, and the way to change that. */
export function ControlBar({ holder, link, button, onTakeOver, onHandBack }: ControlBarProps) {
  const { live } = m.workspace.browser;
  const { text, dot, bar } = inWords(holder, link);
  const isMine = holder === "me";
  return (
    <div className={`flex h-11 shrink-0 items-center gap-2.5 border-y border-line pr-2 pl-4 text-xs leading-4 ${bar}`}>
      <span className={`size-2 shrink-0 rounded-full ${dot}`} />
      <p role="status" className="min-w-0 flex-1">
        {text}
      </p>
      <Button
        ref={button}
        look={isMine ? "primary" : "secondary"}
        disabled={link !== "open"}
        onClick={isMine ? onHandBack : onTakeOver}
        className="!min-h-8 shrink-0 !px-3 !text-xs"
      >
        {isMine ? live.handBack : live.takeOver}
      </Button>
    </div>
  );
}

import { useEffect, useRef, type ReactNode } from "react";

import { IconButton } from "@/components/button";
import { Icon } from "@/components/icons";
import { m } from "@/i18n/language";

import { AddressField, AddressShown } from "./address-bar";
import { ControlBar } from "./control-bar";
import { LivePicture } from "./live-picture";
import { addressOf } from "./live-state";
import { TabStrip } from "./tab-strip";
import type { LiveBrowser } from "./use-live-browser";

interface LivePageProps {
  live: LiveBrowser;
  /** The way to earlier pages, while the agent uses the browser. */
  earlier: ReactNode;
}

/** The browser as it is now. */
export function LivePage({ live, earlier }: LivePageProps) {
  const { state, holder, painter, send } = live;
  const words = m.workspace.browser.live;
  const { view, link, problem } = state;
  const isMine = holder === "me";
  const address = addressOf(view);
  const isLoading = view?.isLoading === true;
  const tabs = view?.tabs ?? [];
  const keyboard = useRef<HTMLTextAreaElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useFocus(isMine, keyboard, button);
  return (
    <>
      <div className="flex h-11 shrink-0 items-center gap-0.5 px-2">
        {isMine ? (
          <>
            <Tool label={words.back} onClick={() => send({ type: "back" })} icon="back" />
            <Tool label={words.forward} onClick={() => send({ type: "forward" })} icon="back" className="rotate-180" />
            <Tool label={words.reload} onClick={() => send({ type: "reload" })} icon="refresh" />
            <AddressField
              address={address}
              isLoading={isLoading}
              onGo={(url) => {
                send({ type: "goto", url });
                keyboard.current?.focus();
              }}
            />
          </>
        ) : (
          <>
            {earlier}
            <AddressShown address={address} isLoading={isLoading} />
          </>
        )}
      </div>
      {tabs.length > 1 && (
        <TabStrip tabs={tabs} active={view?.active ?? null} onSelect={isMine ? (index) => send({ type: "tab", index }) : null} />
      )}
      <ControlBar
        holder={holder}
        link={link}
        button={button}
        onTakeOver={() => send({ type: "take_over" })}
        onHandBack={() => send({ type: "hand_back" })}
      />
      <p role="status" className="sr-only">
        {isLoading ? words.loading(address) : words.shows(address)}
      </p>
      <LivePicture
        address={address}
        drawOn={painter.attach}
        isMine={isMine}
        problem={problem}
        keyboard={keyboard}
        onInput={send}
        onLeave={() => button.current?.focus()}
      />
    </>
  );
}

interface ToolProps {
  label: string;
  icon: "back" | "refresh";
  className?: string;
  onClick: () => void;
}

function Tool({ label, icon, className = "", onClick }: ToolProps) {
  return (
    <IconButton label={label} onClick={onClick} className="!size-8">
      <Icon name={icon} className={className} />
    </IconButton>
  );
}

/** Who takes the browser over types into it at once; afterwards the focus is where it can be taken again. */
function useFocus(
  isMine: boolean,
  keyboard: { current: HTMLTextAreaElement | null },
  button: { current: HTMLButtonElement | null },
): void {
  const wasMine = useRef(false);
  useEffect(() => {
    if (isMine) {
      // On a phone that would cover the picture with a keyboard.
      if (!window.matchMedia("(pointer: coarse)").matches) keyboard.current?.focus({ preventScroll: true });
    } else if (wasMine.current && document.activeElement === document.body) button.current?.focus();
    wasMine.current = isMine;
  }, [isMine, keyboard, button]);
}

import { useEffect, useId, useRef, useState, type PointerEvent, type RefObject } from "react";

import { IconButton } from "@/components/button";
import { Icon, Spinner } from "@/components/icons";
import { m } from "@/i18n/language";
import { useMedia } from "@/lib/use-media";
import type { BrowserInput } from "@/wire/live-browser";

import { Gestures } from "./gestures";
import { KeyboardField } from "./keyboard-field";
import { buttonOf, placeOnPage, scale, wheelOnPage } from "./pointer";

interface LivePictureProps {
  address: string;
  /** Draws on the canvas that it is given. */
  drawOn: (canvas: HTMLCanvasElement | null) => void;
  isMine: boolean;
  problem: string | null;
  /** Takes the keys; also of those who take the browser over elsewhere. */
  keyboard: RefObject<HTMLTextAreaElement | null>;
  /** Always the same function. */
  onInput: (input: BrowserInput) => void;
  onLeave: () => void;
}

/** As wide as there is room, and no higher than leaves some for the words below. */
const WIDTH = "w-[min(100%,calc((100cqh-5rem)*16/9))]";

/** The page as it is now, to be looked at, and to be used by whoever has taken it over. */
export function LivePicture({ address, drawOn, isMine, problem, keyboard, onInput, onLeave }: LivePictureProps) {
  const { browser } = m.workspace;
  const { live } = browser;
  const hintId = useId();
  const hasFinger = useMedia("(pointer: coarse)");
  const name = address || browser.blank;
  const box = useRef<HTMLDivElement>(null);
  const pointer = usePointer(box, keyboard, isMine, onInput);
  return (
    <div className="flex min-h-0 flex-1 flex-col items-center gap-2 bg-sunken p-3 [container-type:size]">
      <div
        ref={box}
        {...(isMine ? { role: "application", "aria-label": live.page(name) } : {})}
        {...pointer}
        className={`relative aspect-video ${WIDTH} shrink-0 rounded-lg bg-raised ring-line select-none ${
          isMine ? "touch-none ring-2 !ring-accent focus-within:outline-2 focus-within:outline-offset-4 focus-within:outline-accent" : "ring-1"
        }`}
      >
        <Spinner className="absolute inset-0 m-auto size-5 text-muted" />
        <canvas
          ref={drawOn}
          {...(isMine ? { "aria-hidden": true } : { role: "img", "aria-label": live.picture(name) })}
          data-testid="live-picture"
          className="absolute inset-0 size-full rounded-lg"
        />
        {isMine && <KeyboardField field={keyboard} describedBy={hintId} onInput={onInput} onLeave={onLeave} />}
      </div>
      <div className={`flex min-h-8 ${WIDTH} items-start gap-2 text-xs leading-4 text-muted`}>
        <div className="min-w-0 flex-1 [overflow-wrap:anywhere]">
          <p id={hintId}>{isMine ? (hasFinger ? live.fingerHint : live.mouseHint) : live.watchHint}</p>
          <p role="status" className="text-bad">
            {problem !== null && live.problem(problem)}
          </p>
        </div>
        {isMine && hasFinger && (
          <IconButton label={live.showKeyboard} onClick={() => keyboard.current?.focus()} className="!size-8">
            <Icon name="keyboard" />
          </IconButton>
        )}
      </div>
    </div>
  );
}

/** What the pointer does on the picture, as handlers for it; none while it is only looked at. */
function usePointer(
  box: RefObject<HTMLDivElement | null>,
  keyboard: RefObject<HTMLTextAreaElement | null>,
  isMine: boolean,
  onInput: (input: BrowserInput) => void,
) {
  const [gestures] = useState(() => new Gestures(onInput, (run) => requestAnimationFrame(run)));

  // React listens to the wheel passively, and then the panel would scroll as well.
  useEffect(() => {
    const element = box.current;
    if (!isMine || element === null) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const bounds = element.getBoundingClientRect();
      gestures.wheel(placeOnPage(event, bounds), wheelOnPage(event, bounds));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [box, gestures, isMine]);

  if (!isMine) return {};
  const place = (event: PointerEvent) => placeOnPage(event, event.currentTarget.getBoundingClientRect());
  const onScreen = (event: PointerEvent) => ({ x: event.clientX, y: event.clientY });
  return {
    onPointerDown: (event: PointerEvent) => {
      event.preventDefault();
      event.currentTarget.setPointerCapture(event.pointerId);
      if (event.pointerType === "touch") {
        gestures.fingerDown(onScreen(event));
        return;
      }
      keyboard.current?.focus({ preventScroll: true });
      const button = buttonOf(event.button);
      if (button !== null) gestures.press(place(event), button, event.timeStamp);
    },
    onPointerMove: (event: PointerEvent) => {
      if (event.pointerType !== "touch") gestures.move(place(event));
      else gestures.fingerMove(onScreen(event), place(event), scale(event.currentTarget.getBoundingClientRect()));
    },
    onPointerUp: (event: PointerEvent) => {
      const button = buttonOf(event.button);
      if (event.pointerType === "touch") gestures.fingerUp(place(event), event.timeStamp);
      else if (button !== null) gestures.release(place(event), button);
    },
    onPointerCancel: () => gestures.fingerLost(),
    onContextMenu: (event: { preventDefault: () => void }) => event.preventDefault(),
  };
}

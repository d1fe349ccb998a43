import { useEffect, useRef } from "react";

import type { Attention } from "@/conversation/selectors";
import { m } from "@/i18n/language";
import { readStored } from "@/lib/stored-text";

/** Where the settings keep whether the browser shows notices. */
const NOTICES_KEY = "openhands.notifications";

interface Options {
  id: string;
  title: string;
  /** What the agent needs of the person now. */
  attention: Attention;
  /** The event that told so. */
  since: number;
  /** Has the log been read, so that what is needed is news? */
  isKnown: boolean;
  hasSound: boolean;
}

/** Calls a person who is looking elsewhere when the agent waits or ends. */
export function useAttention({ id, title, attention, since, isKnown, hasSound }: Options): void {
  const last = useRef<number | null>(null);
  useEffect(() => {
    if (!isKnown) return;
    const before = last.current;
    last.current = since;
    // What was so when the page opened is no news.
    if (before === null || attention === null || before === since || !document.hidden) return;
    if (hasSound) beep();
    if (readStored(NOTICES_KEY) !== "on" || !("Notification" in window) || Notification.permission !== "granted") return;
    const notice = new Notification(title || m.shell.name, {
      body: m.shell.attention[attention],
      tag: id,
      icon: "/favicon.svg",
    });
    notice.onclick = () => {
      window.focus();
      notice.close();
    };
  }, [id, title, attention, since, isKnown, hasSound]);
}

/** A short soft tone. */
function beep(): void {
  try {
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = 660;
    volume.gain.setValueAtTime(0.08, audio.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.4);
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.4);
    tone.onended = () => void audio.close();
  } catch {
    // A browser without sound says nothing.
  }
}

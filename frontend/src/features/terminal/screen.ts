/** The terminal emulator: it only shows, and nothing that is typed into it goes anywhere. */

import { FitAddon } from "@xterm/addon-fit";
import { Terminal, type ITheme } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";

const SCROLLBACK = 10_000;
/** The emulator pauses between pieces, so that the page stays alive. */
const PIECE = 16 * 1024;

/** Light on dark in both themes, as terminals are; the tones of the output in the chat. */
const COLORS: ITheme = {
  black: "#8a8178",
  red: "#f2938b",
  green: "#7fd1a3",
  yellow: "#e6c07b",
  blue: "#8db8ea",
  magenta: "#d3a0dc",
  cyan: "#7fcad1",
  white: "#e9e3da",
  brightBlack: "#a39a8e",
  brightRed: "#f7a59d",
  brightGreen: "#9be0b9",
  brightYellow: "#f0d39a",
  brightBlue: "#aecdf2",
  brightMagenta: "#e2bde9",
  brightCyan: "#a2dde2",
  brightWhite: "#ffffff",
};

function themeOf(box: HTMLElement): ITheme {
  const style = getComputedStyle(box);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    ...COLORS,
    background: token("--term"),
    foreground: token("--term-ink"),
    cursor: token("--term"),
    selectionBackground: "#6b4a38",
    selectionInactiveBackground: "#574034",
    scrollbarSliderBackground: token("--term-line"),
    scrollbarSliderHoverBackground: token("--term-muted"),
    scrollbarSliderActiveBackground: token("--term-muted"),
  };
}

export interface Screen {
  write: (text: string) => void;
  clear: () => void;
  toEnd: () => void;
  /** Everything that can be scrolled back to, as text. */
  text: () => string;
  close: () => void;
}

/** Draws a terminal into a box and keeps it as large as the box. */
export function openScreen(box: HTMLElement, label: string): Screen {
  const terminal = new Terminal({
    convertEol: true,
    cursorBlink: false,
    cursorInactiveStyle: "none",
    disableStdin: true,
    fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--font-mono") || "monospace",
    fontSize: 13,
    lineHeight: 1.3,
    screenReaderMode: true,
    scrollback: SCROLLBACK,
    theme: themeOf(box),
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(box);
  terminal.textarea?.setAttribute("aria-label", label);
  terminal.textarea?.setAttribute("readonly", "");
  // Nothing is typed here: keys scroll, and all else is the browser's, copying and moving on among it.
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type !== "keydown" || event.ctrlKey || event.metaKey || event.altKey) return false;
    const lines = { ArrowUp: -1, ArrowDown: 1, PageUp: 1 - terminal.rows, PageDown: terminal.rows - 1 }[event.key];
    if (lines !== undefined) terminal.scrollLines(lines);
    else if (event.key === "Home") terminal.scrollToTop();
    else if (event.key === "End") terminal.scrollToBottom();
    else return false;
    event.preventDefault();
    return false;
  });

  const resize = new ResizeObserver(() => {
    if (box.clientWidth > 0 && box.clientHeight > 0) fit.fit();
  });
  resize.observe(box);
  const restyle = () => {
    terminal.options.theme = themeOf(box);
  };
  const darkness = window.matchMedia("(prefers-color-scheme: dark)");
  darkness.addEventListener("change", restyle);
  const chosen = new MutationObserver(restyle);
  chosen.observe(document.documentElement, { attributes: true });

  return {
    write: (text) => {
      for (let at = 0; at < text.length; at += PIECE) terminal.write(text.slice(at, at + PIECE));
    },
    clear: () => terminal.reset(),
    toEnd: () => terminal.scrollToBottom(),
    text: () => {
      const { active } = terminal.buffer;
      const lines: string[] = [];
      for (let at = 0; at < active.length; at += 1) {
        const line = active.getLine(at);
        const text = line?.translateToString(true) ?? "";
        if (line?.isWrapped === true) lines.push(`${lines.pop() ?? ""}${text}`);
        else lines.push(text);
      }
      return lines.join("\n").trimEnd();
    },
    close: () => {
      resize.disconnect();
      chosen.disconnect();
      darkness.removeEventListener("change", restyle);
      terminal.dispose();
    },
  };
}

/** What a terminal would show of a conversation's commands, as text to be written after what was written before. */

import type { ActionOf, ConversationView, ObservationOf } from "@/conversation/view";
import { m } from "@/i18n/language";
import { wholeNumber } from "@/lib/format";
import { isRecord, stringAt } from "@/lib/guards";
import type { ObservationEvent, WireEvent } from "@/wire/generated/events";

import { keepStyles } from "./styles-only";

type Run = ActionOf<"run">;

/** Most that is written of one command while it runs, and how much of its end then follows. */
const LIVE_LIMIT = 256 * 1024;
const HEAD = 20_000;
const TAIL = 60_000;
/** What is repeated of the end where pieces were missed. */
const END = 8_000;
/** When everything is written anew: more than fits what can be scrolled back to. */
const REBUILD_LIMIT = 1024 * 1024;
/** Enough of the end of what was seen to find it again. */
const PROBE = 512;

const RESET = "\x1b[0m";
const dim = (text: string) => `\x1b[90m${text}${RESET}`;
const red = (text: string) => `\x1b[31m${text}${RESET}`;
const accent = (text: string) => `\x1b[1;38;2;239;143;98m${text}${RESET}`;
const bold = (text: string) => `\x1b[1m${text}${RESET}`;

export interface Written {
  /** Is everything that was written before void? */
  resets: boolean;
  text: string;
}

interface Running {
  action: Run;
  /** The live output as it was last seen, of which only the end is kept. */
  seen: string;
  /** All that was taken from it. */
  written: string;
  isCapped: boolean;
}

/** Where the workspace usually is, for a log that does not say. */
const USUAL_WORKSPACE = "/workspace";

/** Returns the folder as the prompt shows it. */
export function promptFolder(folder: string, workspace: string | null): string {
  const root = workspace ?? USUAL_WORKSPACE;
  const { folder: name } = m.workspace.terminal;
  if (folder === "" || folder === root) return name;
  return folder.startsWith(`${root}/`) ? `${name}${folder.slice(root.length)}` : folder;
}

/** Returns what was added to live output, of which the beginning may have been dropped. */
export function added(before: string, now: string): string {
  if (now.startsWith(before)) return now.slice(before.length);
  const probe = before.slice(-PROBE);
  const at = now.lastIndexOf(probe);
  return at < 0 ? now : now.slice(at + probe.length);
}

const readable = (output: string) => keepStyles(output).text.replace(/\x1b\[[0-9;:]*[mK]|\s+/g, "");

/** Returns what follows the first so many characters that are no white space. */
function withoutFirst(output: string, count: number): string {
  let at = 0;
  for (let left = count; left > 0 && at < output.length; at += 1) if (/\S/.test(output.charAt(at))) left -= 1;
  return count === 0 ? output : output.slice(at).trimEnd();
}

export class Transcript {
  #first = -1;
  #last = -1;
  #folder = "";
  #isAtLineStart = true;
  #text = "";
  #rest = "";
  #running: Running | null = null;
  #waiting: Run[] = [];

  /** Has any command been shown? */
  isEmpty = true;

  /** Returns what has to be written so that the view is shown. */
  update(view: ConversationView): Written {
    const first = view.log[0]?.event.id ?? -1;
    const isOther = this.#first !== -1 && (first < this.#first || first === -1 || view.lastEventId < this.#last);
    if (isOther) return this.#rebuild(view);
    const isFirst = this.#first === -1 && view.log.length > 0;
    if (isFirst) return { ...this.#rebuild(view), resets: false };
    const isComplete = this.#follow(view, this.#last);
    return isComplete ? { resets: false, text: this.#take() } : this.#rebuild(view);
  }

  #rebuild(view: ConversationView): Written {
    this.#running = null;
    this.#waiting = [];
    this.#text = "";
    this.#rest = "";
    this.#isAtLineStart = true;
    this.#folder = "";
    this.isEmpty = true;
    const after = startOf(view);
    this.#first = view.log[0]?.event.id ?? -1;
    if (after >= this.#first && after !== -1) this.#line(dim(m.workspace.terminal.earlierLeft));
    this.#follow(view, after);
    return { resets: true, text: this.#take() };
  }

  /** Writes what came after an event; returns false if what was written turns out to be wrong. */
  #follow(view: ConversationView, after: number): boolean {
    let at = view.log.length;
    while (at > 0 && (view.log[at - 1]?.event.id ?? -1) > after) at -= 1;
    let isRight = true;
    for (; at < view.log.length; at += 1) {
      const logged = view.log[at];
      if (logged?.kind === "event") isRight = this.#event(logged.event, view) && isRight;
    }
    this.#last = view.lastEventId;
    this.#live(view);
    return isRight;
  }

  #event(event: WireEvent, view: ConversationView): boolean {
    if ("action" in event) {
      const isShown = event.action === "run" && !event.args.hidden && event.args.confirmation_state !== "awaiting_confirmation";
      if (!isShown) return true;
      if (this.#running === null) this.#begin(event, view);
      else this.#waiting.push(event);
      return true;
    }
    if (event.cause === undefined) return true;
    if (event.cause !== this.#running?.action.id) {
      this.#waiting = this.#waiting.filter((action) => action.id !== event.cause);
      return true;
    }
    const isRight = this.#end(this.#running, event, view);
    const next = this.#waiting.shift();
    if (next !== undefined) this.#begin(next, view);
    return isRight;
  }

  #begin(action: Run, view: ConversationView): void {
    const { command, is_input: isInput } = action.args;
    this.isEmpty = false;
    this.#freshLine();
    const control = /^C-(.)$/.exec(command)?.[1];
    if (isInput && control !== undefined) this.#line(dim(m.workspace.terminal.ctrl(control.toUpperCase())));
    else if (isInput && command !== "") this.#line(`${dim(">")} ${plain(command)}`);
    else if (command !== "") {
      const [head = "", ...more] = plain(command).replace(/\n+$/, "").split("\n");
      this.#line(`${dim(promptFolder(this.#folder, view.workspace))} ${accent("$")} ${bold(head)}`);
      for (const line of more) this.#line(`${dim(">")} ${bold(line)}`);
    }
    this.#running = { action, seen: "", written: "", isCapped: false };
    this.#live(view);
  }

  #live(view: ConversationView): void {
    const running = this.#running;
    if (running === null || running.isCapped) return;
    const now = view.liveOutput.get(running.action.id) ?? "";
    const more = added(running.seen, now);
    if (more === "") return;
    running.seen = now;
    running.written += more;
    this.#output(more);
    if (running.written.length <= LIVE_LIMIT) return;
    running.isCapped = true;
    this.#freshLine();
    this.#line(dim(m.workspace.terminal.paused));
  }

  /** Writes what is still missing of a command; returns false if what was seen of it was something else. */
  #end(running: Running, observation: ObservationEvent, view: ConversationView): boolean {
    this.#live(view);
    this.#running = null;
    if (observation.observation !== "run") {
      this.#freshLine();
      if (observation.content !== "") this.#line(red(plain(observation.content)));
      return true;
    }
    const isRight = this.#remaining(running, observation.content.trimEnd());
    this.#freshLine();
    const code = observation.extras.metadata.exit_code;
    if (code === -1) this.#line(dim(m.workspace.terminal.stillRunning));
    else if (code !== 0) this.#line(red(m.workspace.terminal.exit(code)));
    this.#folder = folderAfter(observation) ?? this.#folder;
    return isRight;
  }

  /** The record has no colors and other line ends than what was seen: only what can be read is compared. */
  #remaining({ written, isCapped }: Running, content: string): boolean {
    const seen = readable(written);
    const whole = readable(content);
    if (whole.startsWith(seen)) {
      const rest = withoutFirst(content, seen.length);
      this.#bounded(this.#isAtLineStart ? rest.replace(/^\n+/, "") : rest);
    }
    // Passing output may lack pieces, and what is recorded of long output lacks its middle.
    else if (seen.length < whole.length && !isCapped) return false;
    else if (isCapped || !seen.endsWith(whole.slice(-PROBE))) {
      this.#freshLine();
      if (!isCapped) this.#line(dim(m.workspace.terminal.missed));
      this.#output(content.slice(-END));
    }
    return true;
  }

  #bounded(output: string): void {
    const left = output.length - HEAD - TAIL;
    if (left <= 0) {
      this.#output(output);
      return;
    }
    this.#output(output.slice(0, HEAD));
    this.#freshLine();
    this.#line(dim(m.workspace.terminal.left(wholeNumber(left))));
    this.#output(output.slice(-TAIL));
  }

  #output(piece: string): void {
    const { text, rest } = keepStyles(this.#rest + piece);
    this.#rest = rest;
    if (text === "") return;
    this.#text += text;
    this.#isAtLineStart = /\n(?:\x1b\[[0-9;:]*m)*$/.test(text.slice(-64));
  }

  #freshLine(): void {
    this.#rest = "";
    this.#text += this.#isAtLineStart ? RESET : `${RESET}\n`;
    this.#isAtLineStart = true;
  }

  #line(text: string): void {
    this.#text += `${text}\n`;
  }

  #take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }
}

/** A command is shown as it is written: its own control characters are not obeyed. */
function plain(text: string): string {
  return text.replaceAll("\t", "  ").replace(/\r\n?/g, "\n").replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, "");
}

function folderAfter(observation: ObservationOf<"run">): string | null {
  const metadata: unknown = observation.extras.metadata;
  return isRecord(metadata) ? stringAt(metadata, "working_dir") : null;
}

/** The event after which to begin, so that not more is written than can be scrolled back to. */
function startOf(view: ConversationView): number {
  let size = 0;
  for (const { event } of view.log.toReversed()) {
    if ("content" in event && event.observation === "run") size += Math.min(event.content.length, HEAD + TAIL);
    if (size > REBUILD_LIMIT) return event.id;
  }
  return -1;
}

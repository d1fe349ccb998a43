import { expect, it } from "vitest";

import { reduceAll, prepend } from "@/conversation/reduce";
import { emptyView, type ConversationView, type ViewInput } from "@/conversation/view";
import { action, exitCode, observation } from "@/testing/fixtures";
import type { LoggedEvent } from "@/wire/decode";

import { keepStyles } from "./styles-only";
import { added, promptFolder, Transcript } from "./transcript";

const run = (id: number, command: string, args = {}) => action(id, "run", { command, hidden: false, ...args });
const ran = (id: number, cause: number, content: string, code = 0, folder = "/workspace") =>
  observation(id, "run", cause, content, { metadata: { ...exitCode(code).metadata, working_dir: folder } });
const output = (id: number, text: string): ViewInput => ({ kind: "delta", delta: { kind: "output", id, text } });

/** The text without styles. */
const bare = (text: string) => text.replace(/\x1b\[[0-9;]*m/g, "");

function written(...batches: ViewInput[][]): string[] {
  const transcript = new Transcript();
  let view: ConversationView = emptyView;
  return batches.map((batch) => {
    view = reduceAll(view, batch);
    const { resets, text } = transcript.update(view);
    return (resets ? "RESET " : "") + bare(text);
  });
}

it("writes a command, its output as it appears, and how it ended, each once", () => {
  expect(
    written(
      [run(1, "make\ncheck")],
      [output(1, "one\r\n")],
      [],
      [output(1, "\x1b[31mtwo\x1b[0m\r\n")],
      [ran(2, 1, "one\ntwo\nthree\n", 2, "/workspace/src")],
      [run(3, "ls"), ran(4, 3, "a b")],
    ),
  ).toEqual(["workspace $ make\n> check\n", "one\r\n", "", "two\r\n", "three\nexit code 2\n", "/workspace/src $ ls\na b\n"]);
});

it("shows folders from the workspace on", () => {
  const view = reduceAll(emptyView, [{ kind: "assumed", agentState: null, workspace: "/w/1" }]);
  const folders = ["", "/w/1", "/w/1/src", "/w/11", "/tmp"].map((folder) => promptFolder(folder, view.workspace));
  expect(folders).toEqual(["workspace", "workspace", "workspace/src", "/w/11", "/tmp"]);
});

it("says what input a program got, and that a command is still running", () => {
  expect(
    written([run(1, "python"), ran(2, 1, ">>>", -1), run(3, "1+1", { is_input: true }), ran(4, 3, "2", -1), run(5, "C-c", { is_input: true })]),
  ).toEqual(["workspace $ python\n>>>\nstill running\n> 1+1\n2\nstill running\n^C\n"]);
});

it("does not show commands that are hidden or wait for approval", () => {
  expect(written([run(1, "a", { hidden: true }), run(2, "b", { confirmation_state: "awaiting_confirmation" }), run(3, "b")])).toEqual([
    "workspace $ b\n",
  ]);
});

it("writes everything anew when earlier history arrives", () => {
  const transcript = new Transcript();
  const late = reduceAll(emptyView, [run(5, "late"), ran(6, 5, "out")]);
  expect(transcript.update({ ...late, reachesStart: false }).resets).toBe(false);
  const events = [run(1, "early"), ran(2, 1, "")].filter((event): event is LoggedEvent => event.kind === "event");
  const { resets, text } = transcript.update(prepend(late, { events, reachesStart: true }));
  expect([resets, bare(text)]).toEqual([true, "workspace $ early\n/workspace $ late\nout\n"]);
});

it("writes everything anew when what was seen lacked a piece", () => {
  const batches = written([run(1, "x")], [output(1, "one\n")], [output(1, "three\n")], [ran(2, 1, "one\ntwo\nthree\n")]);
  expect(batches.at(-1)).toBe("RESET workspace $ x\none\ntwo\nthree\n");
});

it("repeats the end where pieces of long output were missed", () => {
  const batches = written([run(1, "x")], [output(1, "a".repeat(900))], [ran(2, 1, `${"a".repeat(300)}…end`)]);
  expect(batches.at(-1)).toContain("the end was …\naaa");
  expect(batches.at(-1)?.endsWith("…end\n")).toBe(true);
});

it("stops writing a command that prints too much, and writes its end", () => {
  const pieces = Array.from({ length: 20 }, (_, at) => [output(1, String.fromCharCode(97 + at).repeat(50_000))]);
  const batches = written([run(1, "x")], ...pieces, [ran(2, 1, "the very end")]);
  expect(batches.join("").length).toBeLessThan(400_000);
  expect(batches.at(-1)).toBe("the very end\n");
});

it("bounds what is written of recorded output", () => {
  const [text = ""] = written([run(1, "x"), ran(2, 1, "y".repeat(200_000))]);
  expect(text.length).toBeLessThan(90_000);
  expect(text).toContain("120,000 characters are left out");
});

it("keeps what a stopped command printed, and says why it ended", () => {
  const stopped = observation(2, "error", 1, "Stop button pressed.", { error_id: "X_STOPPED" });
  expect(written([run(1, "x"), output(1, "begun")], [stopped])).toEqual(["workspace $ x\nbegun", "\nStop button pressed.\n"]);
});

it("finds what was added to output of which the beginning is gone", () => {
  expect([added("", "ab"), added("ab", "abc"), added("abc", "xyz")]).toEqual(["ab", "c", "xyz"]);
  const before = "0123456789".repeat(100);
  expect(added(before, `${before.slice(5)}tail`)).toBe("tail");
});

it("lets colors through and nothing that moves, asks or names", () => {
  const cases: [string, string][] = [
    ["\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m"],
    ["10%\r\x1b[K20%", "10%\r\x1b[K20%"],
    ["a\x1b[2J\x1b[H\x1b[?1049hb", "ab"],
    ["\x1b]0;title\x07a\x1b]52;c;aGk=\x1b\\b", "ab"],
    ["\x1b[c\x1b[6n\x1bc\x1b(0x", "x"],
    ["a\x00\x07\x9b5mb", "a5mb"],
    ["\x1b[>4;2mx\x1bP$q\x1b\\y", "xy"],
  ];
  for (const [piece, text] of cases) expect(keepStyles(piece), JSON.stringify(piece)).toEqual({ text, rest: "" });
  expect(keepStyles("a\x1b[3")).toEqual({ text: "a", rest: "\x1b[3" });
  expect(keepStyles("a\x1b]0;ti")).toEqual({ text: "a", rest: "\x1b]0;ti" });
});

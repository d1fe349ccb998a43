import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { reduceAll } from "@/conversation/reduce";
import { emptyView, type ConversationView, type ViewInput } from "@/conversation/view";
import { action, exitCode, observation, stateChange } from "@/testing/fixtures";

import { CommandLine } from "./command-line";

const ran = (id: number, command: string, source = "user"): ViewInput[] => [
  action(id, "run", { command }, { source }),
  observation(id + 1, "run", id, "", exitCode(0)),
];
const idle = (...inputs: ViewInput[]) => reduceAll(emptyView, [stateChange(0, "awaiting_user_input"), ...inputs]);

function show(view: ConversationView, isLive = true) {
  const [onRun, onStop] = [vi.fn(), vi.fn()];
  render(<CommandLine view={view} isLive={isLive} onRun={onRun} onStop={onStop} />);
  const field = screen.getByRole<HTMLInputElement>("textbox", { name: "Command to run" });
  const type = (value: string) => fireEvent.change(field, { target: { value } });
  const enter = () => fireEvent.submit(field);
  return { onRun, onStop, field, type, enter };
}

it("runs what is typed, and is empty after it", () => {
  const { onRun, field, type, enter } = show(idle());
  enter();
  type("  ls -la ");
  enter();
  expect(onRun).toHaveBeenCalledExactlyOnceWith("ls -la");
  expect(field.value).toBe("");
});

it("says why nothing can be run now, and keeps what was typed", () => {
  const cases: [ConversationView, boolean, RegExp][] = [
    [idle(), false, /session is not running/],
    [idle(stateChange(1, "running")), true, /agent is working/],
    [idle(stateChange(1, "awaiting_user_confirmation")), true, /approval/],
    [emptyView, true, /getting ready/],
    [idle(action(1, "run", { command: "sleep 9" }, { source: "user" })), true, /command is running/],
  ];
  for (const [view, isLive, reason] of cases) {
    const { onRun, field, type, enter } = show(view, isLive);
    expect(screen.getByRole("status").textContent).toMatch(reason);
    type("ls");
    enter();
    expect([onRun.mock.calls.length, field.value], String(reason)).toEqual([0, "ls"]);
    cleanup();
  }
});

it("brings back the user's earlier commands and what was being typed", () => {
  const { field, type } = show(idle(...ran(1, "one"), ...ran(3, "the agent's", "agent"), ...ran(5, "two"), ...ran(7, "two")));
  const press = (key: string) => {
    fireEvent.keyDown(field, { key });
    return field.value;
  };
  type("begun");
  expect([press("ArrowUp"), press("ArrowUp"), press("ArrowUp"), press("ArrowDown"), press("ArrowDown"), press("ArrowDown")]).toEqual([
    "two",
    "one",
    "one",
    "two",
    "begun",
    "begun",
  ]);
});

it("stops the user's command by its button and by Ctrl+C", () => {
  const { onStop, field } = show(idle(action(1, "run", { command: "sleep 9" }, { source: "user" })));
  fireEvent.click(screen.getByRole("button", { name: /Stop the command/ }));
  fireEvent.keyDown(field, { key: "c", ctrlKey: true });
  expect(onStop).toHaveBeenCalledTimes(2);
});

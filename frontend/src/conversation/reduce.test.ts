import { describe, expect, it } from "vitest";

import { action, exitCode, frame, frames, observation, stateChange } from "@/testing/fixtures";
import { decode } from "@/wire/decode";

import { prepend, reduce, reduceAll } from "./reduce";
import { isThinking, isWorking, runningStep, usage } from "./selectors";
import { emptyView, type ConversationView, type ViewInput } from "./view";

const fold = (...inputs: ViewInput[]): ConversationView => reduceAll(emptyView, inputs);
const kinds = (view: ConversationView) => view.rows.map((row) => row.kind);
const named = (name: string) => decode(frame(name));

describe("rows of recorded frames", () => {
  it.each([
    ["action-message-user", ["user_message"]],
    ["action-message-agent", ["agent_message"]],
    ["action-think", ["think"]],
    ["action-finish", ["finish"]],
    ["action-system", ["system"]],
    ["action-run", ["step"]],
    ["action-read", ["step"]],
    ["action-edit-create", ["step"]],
    ["action-edit-str_replace", ["step"]],
    ["action-edit-insert", ["step"]],
    ["action-edit-undo_edit", ["step"]],
    ["action-task_tracking", ["step"]],
    ["action-condensation", ["condensed"]],
    ["observation-error", ["error"]],
    ["observation-agent_state_changed-error", ["failed"]],
    ["observation-agent_state_changed-stopped", ["stopped"]],
    ["observation-agent_state_changed-running", []],
    ["action-change_agent_state", []],
    ["action-condensation_request", []],
    ["action-recall", []],
    ["observation-recall", []],
    ["observation-null", []],
    ["observation-run-ok", []],
    ["observation-think", []],
  ])("%s", (name, expected) => {
    expect(kinds(fold(named(name)))).toEqual(expected);
  });

  it("takes every recorded frame without failing", () => {
    const inputs = [...frames.keys()].map((name, id) => decode(frame(name, { id })));
    expect(fold(...inputs).lastEventId).toBe(frames.size - 1);
  });
});

describe("steps", () => {
  it.each([
    ["action-run", "observation-run-ok"],
    ["action-read", "observation-read"],
    ["action-edit-create", "observation-edit"],
    ["action-task_tracking", "observation-task_tracking"],
  ])("pairs %s with %s", (first, second) => {
    const view = fold(named(first), named(second));
    expect(view.rows).toHaveLength(1);
    expect(view.rows[0]).toMatchObject({ kind: "step", observation: { cause: view.rows[0]?.id } });
  });

  it("pairs a command with the error that came instead of its output", () => {
    const view = fold(
      action(1, "run", { command: "sleep 9" }),
      observation(2, "error", 1, "stopped", { error_id: "AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED_STOPPED" }),
    );
    expect(view.rows).toMatchObject([{ kind: "step", observation: { observation: "error", content: "stopped" } }]);
  });

  it("pairs steps that are answered out of order", () => {
    const view = fold(
      action(1, "run", { command: "a" }),
      action(2, "run", { command: "b" }),
      observation(3, "run", 2, "B", exitCode(0)),
      observation(4, "run", 1, "A", exitCode(0)),
    );
    expect(view.rows.map((row) => row.kind === "step" && row.observation?.content)).toEqual(["A", "B"]);
  });

  it("hides hidden commands and their output", () => {
    const view = fold(
      action(1, "run", { command: "env", hidden: true }),
      observation(2, "run", 1, "X=1", { ...exitCode(0), hidden: true }),
    );
    expect(view.rows).toEqual([]);
  });

  it("shows an approved command once, in the place where it waited", () => {
    const view = fold(
      action(1, "run", { command: "rm x", thought: "Cleaning up.", confirmation_state: "awaiting_confirmation" }),
      stateChange(2, "user_confirmed"),
      action(3, "run", { command: "rm x", thought: "", confirmation_state: "confirmed" }),
      observation(4, "run", 3, "", exitCode(0)),
    );
    expect(view.rows).toMatchObject([
      { id: 1, action: { id: 3, args: { thought: "Cleaning up." } }, observation: { id: 4 } },
    ]);
  });

  it("shows an error that answers nothing by itself", () => {
    expect(kinds(fold(observation(2, "error", 99, "odd")))).toEqual(["error"]);
  });
});

describe("passing text", () => {
  const running = fold(stateChange(0, "running"), action(1, "run", { command: "make" }));
  const output = (text: string): ViewInput => ({ kind: "delta", delta: { kind: "output", id: 1, text } });
  const written = (id: number, text: string): ViewInput => ({ kind: "delta", delta: { kind: "message", id, text } });

  it("collects output until the whole of it arrives", () => {
    const live = reduceAll(running, [output("a\n"), output("b\n")]);
    expect(live.liveOutput.get(1)).toBe("a\nb\n");
    const done = reduceAll(live, [observation(2, "run", 1, "a\nb\n", exitCode(0)), output("late")]);
    expect(done.liveOutput.size).toBe(0);
  });

  it("keeps the output of a command that was cut short", () => {
    const view = reduceAll(running, [output("a\n"), observation(2, "error", 1, "stopped", { error_id: "" })]);
    expect(view.liveOutput.get(1)).toBe("a\n");
  });

  it("collects what the model writes until it is an event, and drops what comes late", () => {
    const live = reduceAll(running, [written(1, "I "), written(1, "will")]);
    expect(live.liveMessage).toEqual({ after: 1, text: "I will" });
    const said = reduceAll(live, [action(3, "message", { content: "I will" }), written(1, " late")]);
    expect(said.liveMessage).toBeNull();
  });

  it("drops what the model wrote before it began anew", () => {
    const restart: ViewInput = { kind: "delta", delta: { kind: "restart", id: 1 } };
    const view = reduceAll(running, [written(1, "wr"), restart, written(1, "right")]);
    expect(view.liveMessage?.text).toBe("right");
    expect(reduceAll(running, [written(2, "other"), restart]).liveMessage?.text).toBe("other");
  });

  it("begins anew when the model does", () => {
    expect(reduceAll(running, [written(1, "first try"), written(2, "second")]).liveMessage?.text).toBe("second");
  });

  it("drops unfinished text when the agent stops", () => {
    expect(reduceAll(running, [written(1, "I wi"), stateChange(2, "stopped")]).liveMessage).toBeNull();
  });
});

describe("the whole", () => {
  const story = [
    stateChange(0, "loading"),
    action(1, "message", { content: "do it" }, { source: "user" }),
    stateChange(2, "running"),
    action(3, "run", { command: "true" }),
    observation(4, "run", 3, "", exitCode(0)),
    action(5, "finish", { final_thought: "did it" }),
    stateChange(6, "finished"),
  ];

  it("is the same event by event as in one batch", () => {
    expect(story.reduce(reduce, emptyView)).toEqual(fold(...story));
  });

  it("is not changed by events that were seen before", () => {
    const view = fold(...story);
    expect(reduceAll(view, story)).toEqual(view);
  });

  it("leaves the earlier view as it was", () => {
    const before = fold(...story.slice(0, 4));
    const copy = structuredClone(before);
    reduceAll(before, story.slice(4));
    expect(before).toEqual(copy);
  });

  it("keeps rows that did not change, so that they are not drawn again", () => {
    const before = fold(...story.slice(0, 4));
    const after = reduceAll(before, story.slice(4));
    expect(after.rows[0]).toBe(before.rows[0]);
    expect(after.rows[1]).not.toBe(before.rows[1]);
  });

  it("follows the agent's state and why it failed", () => {
    expect(fold(...story).agentState).toBe("finished");
    const failed = fold(...story, stateChange(7, "error", "STATUS$ERROR_LLM_AUTHENTICATION"));
    expect(failed).toMatchObject({ agentState: "error", stateReason: "STATUS$ERROR_LLM_AUTHENTICATION" });
  });

  it("says nothing of the end of a session whose work was done", () => {
    expect(kinds(fold(...story, stateChange(7, "stopped")))).not.toContain("stopped");
  });

  it("keeps titles, notices and totals", () => {
    const view = fold(
      { kind: "title", title: "New" },
      { kind: "error_notice", message: "no images" },
      named("action-finish"),
    );
    expect(view).toMatchObject({ title: "New", notice: { message: "no images" } });
    expect(usage(view)?.tokens).toBeGreaterThan(0);
    expect(reduce(view, action(99, "message", { content: "again" }, { source: "user" })).notice).toBeNull();
  });

  it("tells thinking from running a command", () => {
    expect(isThinking(fold(...story.slice(0, 3)))).toBe(true);
    expect(isThinking(fold(...story.slice(0, 4)))).toBe(false);
    expect(isWorking(fold(...story))).toBe(false);
  });

  it("is the same whether it came at once or its beginning was read last", () => {
    const whole = fold(...story);
    for (let cut = 0; cut <= whole.log.length; cut += 1) {
      const end = fold(...whole.log.slice(cut));
      const { log, rows, stepIndex, agentState, lastEventId } = prepend(end, {
        events: whole.log.slice(0, cut),
        reachesStart: true,
      });
      expect({ log, rows, stepIndex, agentState, lastEventId }).toEqual({
        log: whole.log,
        rows: whole.rows,
        stepIndex: whole.stepIndex,
        agentState: whole.agentState,
        lastEventId: whole.lastEventId,
      });
    }
  });

  it("believes what the server says of the agent until an event says better", () => {
    const assumed = fold({ kind: "assumed", agentState: "running", workspace: "/work" });
    expect([assumed.agentState, assumed.workspace]).toEqual(["running", "/work"]);
    expect(reduce(assumed, stateChange(9, "finished")).agentState).toBe("finished");
    const known = fold(stateChange(9, "finished"), { kind: "assumed", agentState: "running", workspace: null });
    expect(known.agentState).toBe("finished");
  });
});

it("knows the step that runs although the person has said something since", () => {
  const view = fold(stateChange(0, "running"), action(1, "run", { command: "make" }), action(2, "message", { content: "and?" }, { source: "user" }));
  expect([runningStep(view)?.id, isThinking(view)]).toEqual([1, false]);
  const done = reduceAll(view, [observation(3, "run", 1, "", exitCode(0))]);
  expect([runningStep(done), isThinking(done)]).toEqual([null, true]);
});

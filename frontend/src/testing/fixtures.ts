/** Recorded `oh_event` payloads, the same that the server's own tests read. */

import type { Incoming } from "@/wire/decode";
import { decode } from "@/wire/decode";
import type { ActionArgs, ActionEvent, AgentState, ObservationEvent, ObservationExtras } from "@/wire/generated/events";

const files = import.meta.glob<unknown>("../../../fixtures/frames/*.json", { eager: true, import: "default" });

export const frames: ReadonlyMap<string, unknown> = new Map(
  Object.entries(files).map(([path, payload]) => [path.replace(/^.*\/|\.json$/g, ""), payload]),
);

/** Returns a recorded payload, with some of its top-level fields replaced. */
export function frame(name: string, changes: Record<string, unknown> = {}): unknown {
  const payload = frames.get(name);
  if (payload === undefined) throw new Error(`no fixture is called ${name}`);
  return { ...(payload as object), ...changes };
}

const envelope = (id: number) => ({ id, timestamp: "2026-01-02T03:04:05.000000", source: "agent" as const, message: "" });

export function action<K extends ActionEvent["action"]>(
  id: number,
  kind: K,
  args: Partial<ActionArgs[K]>,
  more: Record<string, unknown> = {},
): Incoming {
  return decode({ ...envelope(id), action: kind, args, ...more });
}

export function observation<K extends ObservationEvent["observation"]>(
  id: number,
  kind: K,
  cause: number,
  content: string,
  extras: Partial<ObservationExtras[K]> = {},
): Incoming {
  return decode({ ...envelope(id), observation: kind, cause, content, extras });
}

export function stateChange(id: number, agentState: AgentState, reason = ""): Incoming {
  return decode({
    ...envelope(id),
    observation: "agent_state_changed",
    content: "",
    extras: { agent_state: agentState, reason },
  });
}

export const exitCode = (code: number) => ({
  metadata: {
    exit_code: code,
    pid: -1,
    username: null,
    hostname: null,
    working_dir: "/workspace",
    py_interpreter_path: null,
    prefix: "",
    suffix: "",
  },
});

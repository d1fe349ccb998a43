import { describe, expect, it } from "vitest";

import { frame, frames } from "@/testing/fixtures";

import { decode, decodeAck, decodeDelta } from "./decode";

describe("decode", () => {
  it("knows every recorded frame", () => {
    expect(frames.size).toBeGreaterThan(30);
    for (const [name, payload] of frames) {
      const incoming = decode(payload);
      expect([name, incoming.kind]).toEqual([name, "event"]);
      if (incoming.kind === "event") expect(incoming.event).toEqual(payload);
    }
  });

  it.each([
    [
      "a status",
      { status_update: true, type: "error", id: "STATUS$ERROR_LLM_AUTHENTICATION", message: "m" },
      { kind: "status", level: "error", id: "STATUS$ERROR_LLM_AUTHENTICATION", message: "m" },
    ],
    [
      "a title",
      { status_update: true, type: "info", message: "abc", conversation_title: "New" },
      { kind: "title", title: "New" },
    ],
    ["an error", { error: true, message: "no" }, { kind: "error_notice", message: "no" }],
    ["a string", "hello", { kind: "ignored", reason: "not an object" }],
    ["null", null, { kind: "ignored", reason: "not an object" }],
    ["an event without an id", { action: "message", args: { content: "x" } }, { kind: "ignored", reason: "no event id" }],
    [
      "an event with a text for an id",
      { id: "7", action: "message", args: { content: "x" } },
      { kind: "ignored", reason: "no event id" },
    ],
  ])("tells what %s is", (_name, payload, expected) => {
    expect(decode(payload)).toEqual(expected);
  });

  it.each([
    ["an unknown action", { action: "dance", args: {} }, "dance"],
    ["an unknown observation", { observation: "danced", extras: {}, content: "x" }, "danced"],
    ["a command that is missing", { action: "run", args: {} }, "run"],
    ["an output without its exit code", { observation: "run", content: "x", extras: {} }, "run"],
    ["an event that is nothing", {}, "event"],
    ["a name that every object has", { action: "toString", args: {} }, "toString"],
  ])("shows %s as another event", (_name, fields, name) => {
    const payload = { id: 3, timestamp: "t", source: "agent", message: "m", ...fields };
    expect(decode(payload)).toEqual({
      kind: "other_event",
      event: { id: 3, timestamp: "t", source: "agent", name, text: "m" },
      raw: payload,
    });
  });

  it("fills in what older servers leave out", () => {
    const incoming = decode({ id: 1, observation: "success" });
    expect(incoming).toMatchObject({ kind: "event", event: { message: "", content: "", extras: {}, source: "agent" } });
    expect(decode(frame("action-think", { timestamp: 5 }))).toMatchObject({ event: { timestamp: "" } });
  });
});

it.each([
  [{ type: "output", id: 4, text: "x" }, { kind: "output", id: 4, text: "x" }],
  [{ type: "message", id: 4, text: "x" }, { kind: "message", id: 4, text: "x" }],
  [{ type: "other", id: 4, text: "x" }, null],
  [{ type: "output", id: "4", text: "x" }, null],
  [undefined, null],
  [{ type: "restart", id: 3 }, { kind: "restart", id: 3 }],
  [{ type: "restart" }, null],
])("decodes the delta %j", (payload, expected) => {
  expect(decodeDelta(payload)).toEqual(expected);
});

it.each([
  [{ ok: true, id: 4 }, { kind: "accepted", id: 4 }],
  [{ ok: true }, { kind: "accepted", id: null }],
  [undefined, { kind: "accepted", id: null }],
  [{ error: true, message: "no" }, { kind: "refused", message: "no" }],
  [{ error: true }, { kind: "refused", message: "The server refused this." }],
])("decodes the answer %j", (payload, expected) => {
  expect(decodeAck(payload)).toEqual(expected);
});

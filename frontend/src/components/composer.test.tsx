import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import type { Command } from "./command-menu";
import { Composer } from "./composer";

function show(onSend: (text: string, files: File[]) => void | Promise<void>, busy = false, commands: Command[] = []) {
  render(
    <Composer draftKey="draft" label="Message" placeholder="" rows={1} busy={busy} commands={commands} onSend={onSend} />,
  );
  const field = screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Message" });
  const type = (value: string) => fireEvent.change(field, { target: { value } });
  return { field, type };
}

it("sends with Enter and makes a new line with Shift+Enter", () => {
  const onSend = vi.fn();
  const { field, type } = show(onSend);
  type("  do it \n");
  fireEvent.keyDown(field, { key: "Enter", shiftKey: true });
  expect(onSend).not.toHaveBeenCalled();
  fireEvent.keyDown(field, { key: "Enter" });
  expect(onSend).toHaveBeenCalledExactlyOnceWith("do it", []);
  expect(field.value).toBe("");
});

it("does not send while a word is being composed, nor an empty text", () => {
  const onSend = vi.fn();
  const { field, type } = show(onSend);
  type("にほん");
  fireEvent.keyDown(field, { key: "Enter", isComposing: true });
  type("   ");
  fireEvent.keyDown(field, { key: "Enter" });
  expect(onSend).not.toHaveBeenCalled();
});

it("keeps the draft across a reload", () => {
  show(vi.fn()).type("half a thou");
  expect(localStorage.getItem("draft")).toBe("half a thou");
});

it("puts the text back when it could not be sent, before what was typed meanwhile", async () => {
  const { field, type } = show(() => Promise.reject(new Error("no")));
  type("first");
  fireEvent.keyDown(field, { key: "Enter" });
  type("second");
  await waitFor(() => expect(field.value).toBe("first\nsecond"));
});

it("can be typed in while it cannot send", () => {
  const onSend = vi.fn();
  const { field, type } = show(onSend, true);
  type("still here");
  fireEvent.keyDown(field, { key: "Enter" });
  expect([field.disabled, field.value, onSend.mock.calls.length]).toEqual([false, "still here", 0]);
});

it("takes files that are pasted or chosen, and gives them back when they could not be sent", async () => {
  const onSend = vi.fn(() => Promise.reject(new Error("no room")));
  const { field } = show(onSend);
  const file = new File(["a,b"], "data.csv", { type: "text/csv" });
  fireEvent.paste(field, { clipboardData: { files: [file] } });
  expect(screen.getByText("data.csv")).toBeTruthy();
  fireEvent.keyDown(field, { key: "Enter" });
  expect(onSend).toHaveBeenCalledExactlyOnceWith("", [file]);
  expect((await screen.findByRole("alert")).textContent).toContain("no room");
  fireEvent.click(screen.getByRole("button", { name: "Remove data.csv" }));
  expect(screen.queryByText("data.csv")).toBeNull();
});

it("runs the command that a slash and its first letters name", () => {
  const stop = vi.fn();
  const start = vi.fn();
  const onSend = vi.fn();
  const { field, type } = show(onSend, false, [
    { name: "start", title: "Start", run: start },
    { name: "stop", title: "Stop", run: stop },
  ]);
  type("/st");
  expect(screen.getAllByRole("option")).toHaveLength(2);
  fireEvent.keyDown(field, { key: "ArrowDown" });
  fireEvent.keyDown(field, { key: "Enter" });
  expect([start.mock.calls.length, stop.mock.calls.length, onSend.mock.calls.length, field.value]).toEqual([0, 1, 0, ""]);
  type("/etc/hosts is missing");
  expect(screen.queryByRole("listbox")).toBeNull();
});

import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { Composer } from "./composer";

function show(onSend: (text: string) => void | Promise<void>, busy = false) {
  render(<Composer draftKey="draft" label="Message" placeholder="" rows={1} busy={busy} onSend={onSend} />);
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
  expect(onSend).toHaveBeenCalledExactlyOnceWith("do it");
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

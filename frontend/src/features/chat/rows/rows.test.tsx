import { fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { expect, it } from "vitest";

import { reduceAll } from "@/conversation/reduce";
import { emptyView } from "@/conversation/view";
import { action, exitCode, frame, observation, stateChange } from "@/testing/fixtures";
import { decode, type Incoming } from "@/wire/decode";

import { RowView } from "./row-view";

function show(liveOutput: string, ...inputs: Incoming[]) {
  const view = reduceAll(emptyView, inputs);
  return render(
    <MemoryRouter>
      {view.rows.map((row) => (
        <RowView key={row.id} row={row} liveOutput={liveOutput} isQueued={false} />
      ))}
    </MemoryRouter>,
  );
}

const run = action(1, "run", { command: "make test", thought: "Now the **tests**." });

it("shows a command, its output and how it ended", () => {
  show("", run, observation(2, "run", 1, "3 passed\n", exitCode(0)));
  const card = screen.getByTestId("run-card");
  expect(card.textContent).toContain("make test");
  expect(screen.getByTestId("run-output").textContent).toBe("3 passed");
  expect(screen.getByText("exit 0")).toBeTruthy();
  expect(screen.getByText("tests").tagName).toBe("STRONG");
});

it.each([
  [3, "exit 3"],
  [-1, "still running"],
])("marks exit code %i", (code, text) => {
  show("", run, observation(2, "run", 1, "", exitCode(code)));
  expect(screen.getByText(text)).toBeTruthy();
});

it("shows output while the command runs", () => {
  show("compiling…\n", run);
  expect(screen.getByTestId("run-output").textContent).toBe("compiling…");
  expect(screen.getByText("running")).toBeTruthy();
});

it("folds long output and opens it", () => {
  const lines = Array.from({ length: 40 }, (_, at) => `line ${at + 1}`);
  show("", run, observation(2, "run", 1, lines.join("\n"), exitCode(0)));
  expect(screen.getByTestId("run-output").textContent).not.toContain("line 40");
  fireEvent.click(screen.getByRole("button", { name: "Show all 40 lines" }));
  expect(screen.getByTestId("run-output").textContent).toContain("line 40");
});

it("shows what an interrupted command had printed, and why it ended", () => {
  const stopped = { error_id: "AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED_STOPPED" };
  show("half\n", run, observation(2, "error", 1, "Stop button pressed.", stopped));
  expect(screen.getByTestId("run-output").textContent).toBe("half");
  expect(screen.getByTestId("run-ending").textContent).toBe("Stop button pressed.");
  expect(screen.getByText("stopped")).toBeTruthy();
});

it("shows an edit as a colored diff", () => {
  show("", decode(frame("action-edit-create")), decode(frame("observation-edit")));
  expect(screen.getByText("a.txt").textContent).toContain("a.txt");
  expect(screen.getByText("+3")).toBeTruthy();
  expect(screen.getByText("three")).toBeTruthy();
});

it("shows the closing words of a finished task", () => {
  show("", decode(frame("action-finish")));
  expect(screen.getByTestId("finish-card").textContent).toContain("All done.");
});

it("says what happened and where to mend it when the model refuses the key", () => {
  show("", stateChange(1, "error", "STATUS$ERROR_LLM_AUTHENTICATION"));
  expect(screen.getByRole("alert").textContent).toContain("The model refused the API key");
  expect(screen.getByRole("link", { name: "Open settings" }).getAttribute("href")).toBe("/settings");
});

it("keeps HTML as text and pictures from elsewhere unloaded", () => {
  const content = "<script>alert(1)</script><img src=x>\n\n![chart](https://example.com/c.png) [link](javascript:alert(1))";
  const { container } = show("", action(1, "message", { content }));
  expect(container.querySelector("script, img")).toBeNull();
  expect(container.textContent).toContain("<script>alert(1)</script>");
  expect(container.querySelector("a")?.getAttribute("href") ?? "").not.toContain("javascript");
  const image = screen.getByRole("link", { name: /Open image: chart/ });
  expect(image.getAttribute("href")).toBe("https://example.com/c.png");
  expect(image.getAttribute("rel")).toContain("noreferrer");
});

it("shows a cell of Python, what it prints meanwhile, and its pictures", () => {
  const cell = action(1, "run_ipython", { code: "plot(x)", thought: "" });
  const { unmount } = show("half way\n", cell);
  expect(screen.getByText("half way")).toBeTruthy();
  unmount();
  const picture = "data:image/png;base64,AA==";
  const kept = `/api/conversations/c1/pictures/${"0".repeat(64)}.png`;
  const image_urls = [picture, picture, kept, "https://example.com/c.png"];
  show("half way\n", cell, observation(2, "run_ipython", 1, "done", { image_urls }));
  expect(screen.getByText("plot(x)").tagName).toBe("CODE");
  expect(screen.getByText("done")).toBeTruthy();
  expect(screen.queryByText("half way")).toBeNull();
  const pictures = screen.getAllByRole("img").map((image) => image.getAttribute("src"));
  expect(pictures).toEqual([picture, picture, kept]);
  expect(screen.getAllByRole("link").map((link) => link.getAttribute("href"))).toEqual([kept]);
});

import { expect, it } from "vitest";

import { reduceAll } from "@/conversation/reduce";
import { emptyView } from "@/conversation/view";
import { action, observation } from "@/testing/fixtures";

import { linkTo, visitsOf } from "./visits";

it("tells what each page was, what led to it, and which pages were open", () => {
  const view = reduceAll(emptyView, [
    action(1, "browse", { url: "https://example.org" }),
    observation(2, "browse", 1, "Example Domain", {
      url: "https://example.org/",
      screenshot: "data:image/png;base64,AAAA",
      open_pages_urls: ["about:blank", "https://example.org/"],
      active_page_index: 1,
    }),
    action(3, "browse_interactive", { browser_actions: 'click("7")' }),
    observation(4, "browse", 3, "", { url: "https://example.org/", error: true, last_browser_action_error: "no such element" }),
    observation(5, "browse", 99, "half a record"),
  ]);
  const [first, second, third] = visitsOf(view);
  expect(first).toEqual({
    id: 2,
    address: "https://example.org/",
    tabs: [
      { address: "about:blank", isActive: false },
      { address: "https://example.org/", isActive: true },
    ],
    screenshot: { kind: "shown", address: "data:image/png;base64,AAAA" },
    error: "",
    text: "Example Domain",
    action: { id: 1, text: "https://example.org" },
  });
  expect([second?.error, second?.action?.text, second?.screenshot.kind]).toEqual(["no such element", 'click("7")', "none"]);
  expect([third?.address, third?.tabs, third?.action, third?.text]).toEqual(["", [], null, "half a record"]);
});

it("shows no picture from elsewhere", () => {
  const sources = ["", "data:image/png;base64,AA", `/api/conversations/c1/pictures/${"a".repeat(64)}.png`, "https://elsewhere.example/x.png"];
  const view = reduceAll(emptyView, sources.map((screenshot, at) => observation(at, "browse", 99, "", { screenshot })));
  expect(visitsOf(view).map(({ screenshot }) => screenshot.kind)).toEqual(["none", "shown", "shown", "refused"]);
});

it("links to web pages only", () => {
  expect(["https://a.example/b", "javascript:alert(1)", "file:///etc", "about:blank", ""].map(linkTo)).toEqual([
    "https://a.example/b",
    null,
    null,
    null,
    null,
  ]);
});

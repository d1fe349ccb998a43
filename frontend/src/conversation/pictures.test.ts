import { expect, it } from "vitest";

import { isKept, isShowable } from "./pictures";

const hash = "0123456789abcdef".repeat(4);
const kept = `/api/conversations/c-1_a/pictures/${hash}.png`;

it("shows pictures of the event and those that the server keeps", () => {
  for (const address of ["data:image/png;base64,AA", "data:image/JPEG;base64,AA", kept, kept.replace("png", "webp")]) {
    expect([address, isShowable(address)]).toEqual([address, true]);
  }
  expect([kept, "data:image/png;base64,AA"].map(isKept)).toEqual([true, false]);
});

it.each([
  "",
  "data:text/html,x",
  "data:image/png",
  "javascript:alert(1)",
  "https://elsewhere.example/x.png",
  `https://elsewhere.example${kept}`,
  `/${kept}`,
  `//elsewhere.example${kept}`,
  `${kept}?a=b`,
  `${kept}#a`,
  `${kept}\n`,
  ` ${kept}`,
  kept.replace("c-1_a", ".."),
  kept.replace("c-1_a", "a/b"),
  kept.replace("c-1_a", "a%2fb"),
  kept.replace("png", "svg"),
  kept.replace("png", "PNG"),
  kept.replace("0123", "ABCD"),
  kept.replace("0123", ""),
  "/api/conversations/c1/raw-file?file=x.png",
])("shows nothing of %j", (address) => {
  expect([isShowable(address), isKept(address)]).toEqual([false, false]);
});

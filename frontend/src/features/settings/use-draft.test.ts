import { expect, test } from "vitest";

import { amountOf, numberWithin } from "./use-draft";

test.each([
  ["", null],
  ["7", 7],
  [" 1,000 ", 1000],
  ["1.000", 1000],
  ["100 000", 100_000],
  ["100001", NaN],
  ["0", NaN],
  ["1.5", NaN],
  ["1e3", NaN],
  ["1,00", NaN],
  ["many", NaN],
])("the whole number %j is %j", (text, number) => {
  expect(numberWithin(text, 1, 100_000)).toBe(number);
});

test.each([
  ["", null],
  ["2.50", 2.5],
  ["2,50", 2.5],
  ["3", 3],
  ["1,000", NaN],
  ["0", NaN],
  ["-1", NaN],
  ["much", NaN],
])("the amount %j is %j", (text, amount) => {
  expect(amountOf(text)).toBe(amount);
});

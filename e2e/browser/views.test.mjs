// Every view, in every size, dark and light: it fits, it complains of nothing, axe finds nothing serious in it, and it
// looks as in docs/screenshots. `npm run screenshots` takes those pictures anew. See views.mjs.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { assertFits, launch, openPage, picture, violations } from "./page.mjs";
import { openServers, SCHEMES, settle, show, SIZES, VIEWS } from "./views.mjs";

const pictures = fileURLToPath(new URL("../../docs/screenshots", import.meta.url));

/** Pictures are compared in cells, so that times, fonts and half a pixel do not matter. */
const CELLS = { width: 36, height: 24 };
/** Of 255, for a cell; and the part of all cells that may differ by more. */
const CELL_TOLERANCE = 40;
const MOST_DIFFERENT = 0.12;

let browser;
let servers;
let comparer;
before(async () => {
  browser = await launch();
  servers = await openServers(browser);
  comparer = await browser.newPage();
});
after(async () => {
  await browser?.close();
  await servers?.stop();
});

/** Returns the part of the cells of two pictures that differ. */
function difference(one, other) {
  const urls = [one, other].map((bytes) => `data:image/png;base64,${bytes.toString("base64")}`);
  return comparer.evaluate(
    async ({ urls, CELLS, CELL_TOLERANCE }) => {
      const cellsOf = async (url) => {
        const image = await createImageBitmap(await (await fetch(url)).blob());
        const canvas = new OffscreenCanvas(CELLS.width, CELLS.height);
        const context = canvas.getContext("2d");
        context.imageSmoothingQuality = "high";
        context.drawImage(image, 0, 0, CELLS.width, CELLS.height);
        return context.getImageData(0, 0, CELLS.width, CELLS.height).data;
      };
      const [first, second] = await Promise.all(urls.map(cellsOf));
      let different = 0;
      for (let at = 0; at < first.length; at += 4) {
        const worst = Math.max(...[0, 1, 2].map((channel) => Math.abs(first[at + channel] - second[at + channel])));
        if (worst > CELL_TOLERANCE) different += 1;
      }
      return different / (CELLS.width * CELLS.height);
    },
    { urls, CELLS, CELL_TOLERANCE },
  );
}

for (const view of VIEWS) {
  for (const { name: size, ...device } of SIZES) {
    test(`${view.name} on a ${size}`, async () => {
      const { page, complaints } = await openPage(browser, { ...device, colorScheme: SCHEMES[0] });
      page.setDefaultTimeout(20_000);
      await show(page, view, servers);
      await assertFits(page);
      for (const scheme of SCHEMES) {
        await page.emulateMedia({ colorScheme: scheme });
        await settle(page);
        const name = `${view.name}-${size}-${scheme}`;
        await picture(page, name);
        const known = join(pictures, `${name}.png`);
        assert.ok(existsSync(known), `there is no picture ${name}; npm run screenshots takes it`);
        const part = await difference(readFileSync(known), await page.screenshot());
        assert.ok(part <= MOST_DIFFERENT, `${Math.round(part * 100)} % of ${name} looks different`);
        assert.deepEqual(await violations(page), [], name);
      }
      assert.deepEqual(complaints.filter((text) => !isExpected(view, text)), []);
      await page.context().close();
    });
  }
}

/** The page that asks for the key is told that it lacks one. */
function isExpected(view, text) {
  return view.name === "login" && /401/.test(text);
}

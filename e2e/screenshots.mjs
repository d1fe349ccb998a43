// Takes the pictures in docs/screenshots: every view, in every size, dark and light.
//
//   node screenshots.mjs            all of them
//   node screenshots.mjs chat files only these views
//   OUT=/tmp/pictures               somewhere else

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { launch, openPage } from "./browser/page.mjs";
import { openServers, SCHEMES, settle, show, SIZES, VIEWS } from "./browser/views.mjs";

const folder = process.env.OUT ?? fileURLToPath(new URL("../docs/screenshots", import.meta.url));
const wanted = process.argv.slice(2);
const views = VIEWS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));

await mkdir(folder, { recursive: true });
const browser = await launch();
const servers = await openServers(browser);
try {
  for (const view of views) {
    for (const { name: size, ...device } of SIZES) {
      const { page } = await openPage(browser, { ...device, colorScheme: SCHEMES[0] });
      page.setDefaultTimeout(8000);
      try {
        await show(page, view, servers);
        for (const scheme of SCHEMES) {
          await page.emulateMedia({ colorScheme: scheme });
          await settle(page);
          await page.screenshot({ path: join(folder, `${view.name}-${size}-${scheme}.png`) });
        }
      } catch (error) {
        console.error(`${view.name} ${size}: ${String(error).split("\n")[0]}`);
        await page.screenshot({ path: join(folder, `${view.name}-${size}-failed.png`) });
        process.exitCode = 1;
      }
      await page.context().close();
    }
  }
} finally {
  await browser.close();
  await servers.stop();
}

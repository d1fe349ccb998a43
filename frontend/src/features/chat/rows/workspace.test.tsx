import { render } from "@testing-library/react";
import { expect, it } from "vitest";

import { ShortPaths, splitAtWorkspace, Workspace } from "./workspace";

it.each([
  ["sh '/data/work/demo/test.sh'", ["sh '", "/demo/test.sh'"]],
  ["cd /data/work && ls /data/work/src", ["cd ", " && ls ", "/src"]],
  ["ls /data/workers /data/work-2 /data/work.old", ["ls /data/workers /data/work-2 /data/work.old"]],
  ["ls /mnt/data/work", ["ls /mnt/data/work"]],
  ["echo", ["echo"]],
])("finds the workspace in %s", (text, parts) => {
  expect(splitAtWorkspace(text, "/data/work")).toEqual(parts);
});

it.each([null, "", "/"])("leaves a text alone while the workspace is %j", (workspace) => {
  expect(splitAtWorkspace("ls /a", workspace)).toEqual(["ls /a"]);
});

it("keeps the whole text for who copies it", () => {
  const { container } = render(
    <Workspace value="/data/work">
      <ShortPaths text="cat /data/work/a" />
    </Workspace>,
  );
  expect(container.textContent).toBe("cat /data/work/a");
});

/** The whole log of a conversation as a file. */

import { isRecord } from "@/lib/guards";
import { saveFile } from "@/lib/save-file";

import { call } from "./http";

export async function downloadTrajectory(id: string): Promise<void> {
  const body = await call(`/api/conversations/${encodeURIComponent(id)}/trajectory`);
  const events = isRecord(body) ? body["trajectory"] : null;
  saveFile(`trajectory-${id}.json`, new Blob([JSON.stringify(events, null, 2)], { type: "application/json" }));
}

import { useState } from "react";

import type { Place } from "@/api/conversations";
import { GIT_PROVIDERS } from "@/api/git-providers";
import { isRecord, stringAt } from "@/lib/guards";
import { readStored, writeStored } from "@/lib/stored-text";

const STORAGE_KEY = "openhands.draft.place";

/** Where the next conversation works; kept as its message is. Null is an empty workspace. */
export function usePlace(): [Place | null, (place: Place | null) => void] {
  const [place, setPlace] = useState(readPlace);
  const keep = (chosen: Place | null) => {
    setPlace(chosen);
    writeStored(STORAGE_KEY, chosen === null ? "" : JSON.stringify(chosen));
  };
  return [place, keep];
}

function readPlace(): Place | null {
  try {
    const stored: unknown = JSON.parse(readStored(STORAGE_KEY));
    const repository = isRecord(stored) ? stringAt(stored, "repository") : null;
    if (!isRecord(stored) || repository === null) return null;
    const provider = GIT_PROVIDERS.find((name) => name === stored["provider"]) ?? null;
    return { repository, provider, branch: stringAt(stored, "branch") };
  } catch {
    return null;
  }
}

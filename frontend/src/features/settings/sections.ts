import type { ServerConfig, Settings } from "@/api/settings";

/** The parts of the settings, in their order. Each has the address `/settings/` and its name. */
export const SECTIONS = ["model", "agent", "mcp", "secrets", "git", "appearance"] as const;
export type Section = (typeof SECTIONS)[number];

/** What every section gets. */
export interface SectionProps {
  settings: Settings | null;
  config: ServerConfig;
  /** Takes whether there is something that is not saved. */
  onDirty: (isDirty: boolean) => void;
}

/** Every text of the interface in German. */

import type { en } from "@/i18n/en/all";

import { chat } from "./chat";
import { common } from "./common";
import { conversations } from "./conversations";
import { settings } from "./settings";
import { shell } from "./shell";
import { words } from "./words";
import { workspace } from "./workspace";

export const de: typeof en = { common, shell, conversations, chat, workspace, settings, words };

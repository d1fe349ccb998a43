/** Every text of the interface in English. Other languages have the same shape. */

import { chat } from "./chat";
import { common } from "./common";
import { conversations } from "./conversations";
import { settings } from "./settings";
import { shell } from "./shell";
import { words } from "./words";
import { workspace } from "./workspace";

export const en = { common, shell, conversations, chat, workspace, settings, words };

/** What the panels of the workspace are given. They are drawn beside the chat, each when it is asked for. */

import type { OutgoingAction } from "@/wire/outbox";

import type { ConversationView } from "./view";

export interface PanelProps {
  conversationId: string;
  view: ConversationView;
  /** Is there a session that takes actions now? */
  isLive: boolean;
  send: (action: OutgoingAction) => void;
  /** Reads the page of the log before what is known; does nothing once all of it is. */
  readEarlier: () => void;
  isReadingEarlier: boolean;
  /** Shows an event in the chat. */
  showEvent: (eventId: number) => void;
}

/** The workspace beside the chat: its tabs and what they show. */
export const workspace = {
  label: "Workspace",
  open: "Open the workspace",
  close: "Close the workspace",
  divider: "Width of the chat",
  tabs: {
    terminal: "Terminal",
    changes: "Changes",
    files: "Files",
    browser: "Browser",
    events: "Events",
  },
};

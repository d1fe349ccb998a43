/** The frame around every page. */
export const shell = {
  name: "OpenHands",
  newConversation: "New conversation",
  settings: "Settings",
  closeList: "Close the list",
  startTimeout: "The conversation did not start within a minute.",
  noSuchPage: "There is no such page.",
  unknownConversation: "This conversation does not exist. It may have been deleted.",
  failed: {
    title: "This page has failed",
    help: "The conversation itself is safe on the server. Load the page again; if it keeps failing, please report this:",
    reload: "Load again",
  },
  key: {
    title: "This server needs its key",
    helpBefore: "Open the address that the server printed when it started (it ends with ",
    helpBetween: "), or enter the key here. ",
    helpAfter: " prints it again.",
    label: "Session key",
    submit: "Continue",
    wrong: "This is not the session key.",
    tooMany: "Too many tries. Wait a few seconds and try again.",
  },
};

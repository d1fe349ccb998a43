/** Texts that are used in more than one place. */
export const common = {
  cancel: "Cancel",
  close: "Close",
  copy: "Copy",
  copied: "Copied",
  delete: "Delete",
  save: "Save",
  saving: "Saving…",
  tryAgain: "Try again",
  loading: "Loading…",
  showLess: "Show less",
  showAllLines: (count: number) => `Show all ${count} lines`,
  /** Errors of the connection to the server. */
  noAnswer: "The server does not answer. Is it running?",
  answered: (status: number, text: string) => `The server answered ${status} ${text}`.trim(),
  somethingWrong: "Something went wrong.",
  demoModel: "Demo model",
  ownModel: "Use your own model",
  justNow: "just now",
  minutesAgo: (count: number) => `${count} min ago`,
  hoursAgo: (count: number) => `${count} h ago`,
  daysAgo: (count: number) => `${count} d ago`,
};

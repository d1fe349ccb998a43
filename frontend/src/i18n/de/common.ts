import type { common as english } from "@/i18n/en/common";

export const common: typeof english = {
  cancel: "Abbrechen",
  close: "Schließen",
  copy: "Kopieren",
  copied: "Kopiert",
  delete: "Löschen",
  save: "Speichern",
  saving: "Wird gespeichert …",
  tryAgain: "Erneut versuchen",
  loading: "Wird geladen …",
  showLess: "Weniger anzeigen",
  showAllLines: (count) => `Alle ${count} Zeilen anzeigen`,
  noAnswer: "Der Server antwortet nicht. Läuft er?",
  answered: (status, text) => `Antwort des Servers: ${status} ${text}`.trim(),
  somethingWrong: "Etwas ist schiefgegangen.",
  demoModel: "Demo-Modell",
  ownModel: "Eigenes Modell verwenden",
  justNow: "gerade eben",
  minutesAgo: (count) => `vor ${count} Min.`,
  hoursAgo: (count) => `vor ${count} Std.`,
  daysAgo: (count) => (count === 1 ? "vor 1 Tag" : `vor ${count} Tagen`),
};

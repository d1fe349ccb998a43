import type { words as english } from "@/i18n/en/words";

export const words: typeof english = {
  explanations: {
    STATUS$ERROR_LLM_AUTHENTICATION: {
      title: "Das Modell hat den API-Schlüssel abgelehnt",
      help: "API-Schlüssel und Modellnamen in den Einstellungen prüfen, dann die Nachricht noch einmal senden.",
    },
    STATUS$ERROR_LLM_SERVICE_UNAVAILABLE: {
      title: "Das Modell war nicht erreichbar",
      help: "Die Basis-URL in den Einstellungen prüfen, und ob der Anbieter erreichbar ist. Nichts ist verloren: Mit „weiter“ geht es noch einmal los.",
    },
    STATUS$ERROR_LLM_INTERNAL_SERVER_ERROR: {
      title: "Beim Anbieter des Modells ist ein Fehler aufgetreten",
      help: "Das geht meist vorüber. Nach einem Moment „weiter“ senden, um es noch einmal zu versuchen.",
    },
    STATUS$ERROR_LLM_OUT_OF_CREDITS: {
      title: "Das Guthaben für das Modell ist aufgebraucht",
      help: "Das Konto beim Anbieter aufladen oder in den Einstellungen ein anderes Modell wählen.",
    },
    STATUS$ERROR_LLM_CONTENT_POLICY_VIOLATION: {
      title: "Der Anbieter hat den Inhalt abgelehnt",
      help: "Seine Inhaltsrichtlinie hat diese Anfrage gestoppt. Anders formulieren oder ein anderes Modell wählen.",
    },
    CHAT_INTERFACE$AGENT_RATE_LIMITED_STOPPED_MESSAGE: {
      title: "Zu viele Anfragen an das Modell",
      help: "Der Anbieter hat wegen zu vieler Anfragen immer wieder abgelehnt. Eine Minute warten, dann „weiter“ senden.",
    },
    STATUS$ERROR_RUNTIME_DISCONNECTED: {
      title: "Der Arbeitsbereich antwortet nicht mehr",
      help: "Eine Nachricht startet ihn neu. Die Dateien im Arbeitsbereich bleiben erhalten.",
    },
    STATUS$GIT_PROVIDER_AUTHENTICATION_ERROR: {
      title: "Der Git-Anbieter hat das Token abgelehnt",
      help: "Prüfen, ob das Token gültig ist und das Repository lesen darf.",
    },
    STATUS$ERROR_MEMORY: {
      title: "Die Anweisungen des Arbeitsbereichs konnten nicht gelesen werden",
      help: "Den Ordner .openhands im Repository prüfen, dann die Nachricht noch einmal senden.",
    },
    STATUS$ERROR: {
      title: "Etwas ist schiefgegangen",
      help: "„weiter“ senden, um es noch einmal zu versuchen. Einzelheiten stehen im Protokoll des Servers.",
    },
    AGENT_ERROR$TOO_MANY_CONVERSATIONS: {
      title: "Zu viele Konversationen gleichzeitig",
      help: "Diese wurde geschlossen, um Platz zu machen. Eine andere anhalten, dann diese fortsetzen.",
    },
    AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED_STOPPED: {
      title: "Nicht ausgeführt",
      help: "Der Agent wurde vorher angehalten.",
    },
    AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED_ERROR: {
      title: "Nicht ausgeführt",
      help: "Beim Agenten oder seinem Arbeitsbereich trat vorher ein Fehler auf.",
    },
    stepLimit: {
      title: "Das Schrittlimit ist erreicht",
      help: "„weiter“ senden, um noch einmal so viele Schritte zu erlauben, oder das Limit in den Einstellungen erhöhen.",
    },
    costLimit: {
      title: "Das Kostenlimit ist erreicht",
      help: "„weiter“ senden, um noch einmal denselben Betrag zu erlauben.",
    },
    loop: {
      title: "Der Agent hat sich im Kreis gedreht",
      help: "Er hat dieselben Schritte ohne Fortschritt wiederholt und wurde angehalten. Ihm sagen, was er anders machen soll.",
    },
    unknown: {
      title: "Etwas ist schiefgegangen",
      help: "„weiter“ senden, um es noch einmal zu versuchen.",
    },
  },
  states: {
    loading: "Wird vorbereitet",
    running: "Arbeitet",
    awaiting_user_input: "Wartet auf Antwort",
    paused: "Pausiert",
    stopped: "Angehalten",
    finished: "Fertig",
    rejected: "Abgelehnt",
    error: "Fehlgeschlagen",
    awaiting_user_confirmation: "Wartet auf Genehmigung",
    user_confirmed: "Genehmigt",
    user_rejected: "Abgelehnt",
    rate_limited: "Wartet auf das Modell",
  },
  statuses: {
    STATUS$STOPPED: "Angehalten",
    STATUS$BUILDING_RUNTIME: "Arbeitsbereich wird vorbereitet",
    STATUS$STARTING_RUNTIME: "Arbeitsbereich wird gestartet",
    STATUS$RUNTIME_STARTED: "Arbeitsbereich gestartet",
    STATUS$SETTING_UP_WORKSPACE: "Arbeitsbereich wird eingerichtet",
    STATUS$SETTING_UP_GIT_HOOKS: "Git-Hooks werden eingerichtet",
    STATUS$READY: "Bereit",
    STATUS$LLM_RETRY: "Das Modell hat nicht geantwortet; neuer Versuch",
  },
};

import { useState } from "react";

import { describeError } from "@/api/http";
import { Choices, SelectField, Switch } from "@/components/form-fields";
import { languages, m, rememberLanguage, speak, useLanguage } from "@/i18n/language";
import { readStored, writeStored } from "@/lib/stored-text";
import { rememberTheme, showTheme, storedTheme, THEMES } from "@/lib/theme";

import { SectionFrame } from "./section-frame";
import type { SectionProps } from "./sections";
import { useSaveSettings } from "./use-save";

/** Read by whoever tells that the agent waits. */
const NOTIFICATIONS_KEY = "openhands.notifications";

/** How the interface looks and how it tells that something happened. What is chosen holds at once. */
export function AppearanceSection({ settings }: SectionProps) {
  const texts = m.settings.appearance;
  const language = useLanguage();
  const [theme, setTheme] = useState(storedTheme);
  const save = useSaveSettings();
  // While it is being saved, the switch shows where it goes.
  const hasSound = save.isPending ? (save.variables.hasSound ?? false) : (settings?.hasSound ?? false);
  return (
    <SectionFrame title={m.settings.sections.appearance} intro={texts.intro}>
      <div className="space-y-7">
        <Choices
          label={texts.theme}
          value={theme}
          options={THEMES.map((value) => ({ value, label: texts.themes[value] }))}
          onChange={(chosen) => {
            setTheme(chosen);
            showTheme(chosen);
            rememberTheme(chosen);
          }}
          className="sm:grid-cols-3"
        />
        <div className="sm:max-w-60">
          <SelectField
            label={texts.language}
            value={language}
            options={languages.map(({ code, name }) => ({ value: code, label: name }))}
            onChange={(code) => {
              rememberLanguage(code);
              save.mutate({ language: code });
              void speak(code);
            }}
          />
        </div>
        <Notifications />
        <Switch
          label={texts.sound}
          hint={texts.soundHint}
          error={save.error === null ? null : m.settings.notSaved(describeError(save.error))}
          checked={hasSound}
          disabled={save.isPending}
          onChange={(sound) => save.mutate({ hasSound: sound })}
        />
      </div>
    </SectionFrame>
  );
}

function Notifications() {
  const texts = m.settings.appearance;
  const isKnown = "Notification" in window;
  const [isOn, setOn] = useState(() => isKnown && Notification.permission === "granted" && readStored(NOTIFICATIONS_KEY) === "on");
  const [isRefused, setRefused] = useState(false);
  const change = async (wanted: boolean) => {
    const isAllowed = wanted && (await Notification.requestPermission()) === "granted";
    setRefused(wanted && !isAllowed);
    setOn(isAllowed);
    writeStored(NOTIFICATIONS_KEY, isAllowed ? "on" : "");
  };
  return (
    <Switch
      label={texts.notifications}
      hint={isKnown ? texts.notificationsHint : texts.notificationsUnknown}
      error={isRefused ? texts.notificationsRefused : null}
      checked={isOn}
      disabled={!isKnown}
      onChange={(wanted) => void change(wanted)}
    />
  );
}
